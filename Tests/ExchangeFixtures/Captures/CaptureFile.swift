import TradingCore

/// One answer of a capture.
public struct CapturedAnswer: Hashable, Sendable {
    public var url: String
    /// Seconds since 1970.
    public var time: Double
    public var body: String
}

/// What a line of a capture says.
enum CaptureLine {
    case opened(url: String)
    case sent
    case received(time: Double, text: String)
    case answer(CapturedAnswer)
    case configuration(JSONValue)

    init?(_ line: Substring) {
        if line.hasPrefix("configuration: ") {
            guard let value = try? JSONValue(line.dropFirst("configuration: ".count)) else { return nil }
            self = .configuration(value)
            return
        }
        if let first = line.utf8.first, (48...57).contains(first) {
            guard let (time, text) = Self.timed(line) else { return nil }
            self = .received(time: time, text: text)
            return
        }
        guard let space = line.firstIndex(of: " ") else { return nil }
        let url = String(line[..<space])
        let rest = line[space...].dropFirst()
        if rest.hasPrefix("<-> ") {
            self = .opened(url: url)
        } else if rest.hasPrefix("<- ") {
            self = .sent
        } else if rest.hasPrefix("-> "), let (time, body) = Self.timed(rest.dropFirst(3)) {
            self = .answer(CapturedAnswer(url: url, time: time, body: body))
        } else {
            return nil
        }
    }

    /// `1633998512.06: …`.
    private static func timed(_ text: Substring) -> (time: Double, rest: String)? {
        guard let colon = text.firstIndex(of: ":"), let time = Double(text[..<colon]) else { return nil }
        return (time, String(text[colon...].dropFirst().drop { $0 == " " }))
    }
}

/// An exchange's part of a folder of captures.
struct Capture {
    var instruments: [CapturedAnswer] = []
    /// Books fetched while streaming.
    var books: [CapturedAnswer] = []
    /// What was listened to: names of channels, each with its markets.
    var configuration: JSONValue?
    var stream: [CaptureLine] = []

    init(_ name: String, in folder: String, _ files: [String]) throws {
        func lines(_ kind: String) throws -> [CaptureLine] {
            var lines: [CaptureLine] = []
            for file in files where file.hasPrefix(name + ".") && file.hasSuffix(kind + ".gz") {
                for line in try FixtureFile.unpackedLines(folder + "/" + file) {
                    guard let read = CaptureLine(line) else {
                        throw FixtureFileError(description: "\(file): unreadable line \(line.prefix(120))")
                    }
                    lines.append(read)
                }
            }
            return lines
        }
        for line in try lines("rest") {
            switch line {
            case .answer(let answer): instruments.append(answer)
            case .configuration(let value): configuration = value
            default: break
            }
        }
        books = try lines("http").compactMap { if case .answer(let answer) = $0 { answer } else { nil } }
        stream = try lines("ws")
    }
}
