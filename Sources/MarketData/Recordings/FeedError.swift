/// Why a recording cannot be read (on), in one clear line.
public struct FeedError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where in the file, counted from 1.
    public enum Place: Hashable, Sendable {
        case file
        case header
        case line(Int)
        case record(Int)
    }

    public let file: String
    public let place: Place
    public let expected: String
    public let found: String

    public init(file: String, place: Place, expected: String, found: String) {
        self.file = file
        self.place = place
        self.expected = expected
        self.found = found
    }

    public var description: String {
        let place =
            switch place {
            case .file: ""
            case .header: ", header"
            case .line(let number): ", line \(number)"
            case .record(let number): ", record \(number)"
            }
        return "\(file)\(place): expected \(expected), found \(found)"
    }
}
