import Foundation
import TestSupport
import Testing

@Suite("mrmarket session")
struct SessionCommandTests {
    @Test("Ctrl-C stops cleanly, own orders cancelled", .timeLimit(.minutes(10)))
    func interrupted() throws {
        let program = try Program(["session", "--generate", "7", "--speed", "50"])
        var seen = ""
        // The first status line says that it trades.
        while !seen.contains("fills") {
            let more = program.nextErrors()
            if more.isEmpty { break }
            seen += more
        }
        program.interrupt()
        let result = program.finish()
        #expect(result.code == 0)
        #expect(result.errors.contains("Own orders cancelled, none open."), "\(seen)\(result.errors)")
    }

    @Test("replays a recording to its end")
    func replayed() throws {
        let folder = try TemporaryFolder()
        let arguments = try SmallRecording.arguments(folder, SmallRecording.lines(count: 300))
        let result = try Program.run(
            [
                "session", "--feed", arguments[2], "--format", "binance-raw", "--instrument", "BTC/USDT", "--speed",
                "max",
            ])
        #expect(result.code == 0)
        #expect(result.errors.contains("End of the feed. Own orders cancelled, none open."))
    }

    @Test("refuses a speed it cannot keep")
    func badSpeed() throws {
        let result = try Program.run(["session", "--speed", "fast"])
        #expect(result.code == 2 && result.errorLines.count == 1 && result.errors.contains("--speed fast"))
    }
}
