import Logging
import Synchronization
import Testing

@testable import mrmarket

/// The server's log, which is swift-log's own but for when its lines are written.
@Suite struct LogLinesTests {
    private final class Written: Sendable {
        private let state = Mutex((texts: [String](), works: [@Sendable () -> Void]()))

        var texts: [String] { state.withLock { $0.texts } }
        var asked: Int { state.withLock { $0.works.count } }

        func lines() -> LogLines {
            LogLines { [self] bytes in
                state.withLock { $0.texts.append(String(decoding: bytes, as: UTF8.self)) }
            } later: { [self] work in
                state.withLock { $0.works.append(work) }
            }
        }

        func passes() { for work in state.withLock({ $0.works }) { work() } }
    }

    private func add(_ text: String, to lines: LogLines, isUrgent: Bool = false) {
        lines.add(second: 1_700_000_000, isUrgent: isUrgent) { $0 += text.utf8 }
    }

    /// Without the time, whose text is the machine's own.
    private func said(_ written: Written) -> [[Substring]] {
        written.texts.map { text in text.split(separator: "\n").map { $0.dropFirst("2023-11-14T22:13:20+0000 ".count) }
        }
    }

    @Test func `everyday lines go out together, urgent ones at once with all that came before them`() {
        let written = Written()
        let lines = written.lines()
        for text in ["a", "b"] { add(text, to: lines) }
        #expect(written.texts.isEmpty && written.asked == 1, "one wait for both")
        add("c", to: lines, isUrgent: true)
        #expect(said(written) == [["a", "b", "c"]])
        add("d", to: lines)
        written.passes()
        #expect(said(written) == [["a", "b", "c"], ["d"]])
        add("e", to: lines)
        #expect(written.asked == 2)
        lines.flush()
        lines.flush()
        #expect(said(written).last == ["e"])
    }

    @Test func `what waits is bounded`() {
        let written = Written()
        let lines = written.lines()
        let long = String(repeating: "x", count: 10_000)
        for _ in 0..<3 { add(long, to: lines) }
        #expect(written.texts.isEmpty)
        add(long, to: lines)
        #expect(said(written).map(\.count) == [4])
    }

    private final class Stream: TextOutputStream, Sendable {
        private let text = Mutex("")
        var all: String { text.withLock { $0 } }
        func write(_ string: String) { text.withLock { $0 += string } }
    }

    @Test func `a line says what swift-log's own handler says`() throws {
        let (written, stream) = (Written(), Stream())
        let lines = written.lines()
        let ours = Logger(label: "mrmarket", factory: { LineLogHandler(label: $0, lines: lines) })
        let theirs = Logger(label: "mrmarket", factory: { StreamLogHandler(label: $0, stream: stream) })
        for var logger in [ours, theirs] {
            logger.logLevel = .trace
            logger.warning("nothing else")
            logger[metadataKey: "place"] = "paper/default"
            logger.info("request", metadata: ["status": "200", "path": "/health", "place": "own"])
            logger.error("two words", metadata: ["list": ["a", "b"], "map": ["k": "v"]])
            logger.debug("none of its own")
        }
        lines.flush()
        // The two may be written in different seconds.
        func rest(_ text: String) -> [Substring] {
            text.split(separator: "\n").map { $0.dropFirst($0.prefix { $0 != " " }.count) }
        }
        #expect(rest(written.texts.joined()) == rest(stream.all))
        #expect(rest(stream.all).count == 4)
        let stamp = try #require(stream.all.split(separator: " ").first)
        #expect(written.texts[0].prefix { $0 != " " }.count == stamp.count)
    }
}
