/// What the store of sagas refuses. Nothing is stored then.
public enum SagaError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownKind(String)
    case unknown(kind: String, id: String)
    /// 1 to 128 bytes are taken.
    case idLength(kind: String, id: String)
    /// Started again with another state than the first time.
    case startConflict(kind: String, id: String, stored: String, given: String)
    /// An event id was told before with another event.
    case eventConflict(kind: String, id: String, eventID: String, stored: String, given: String)
    /// Somebody else moved it since it was read.
    case moved(kind: String, id: String, expected: Int64)
    case notParked(kind: String, id: String)
    /// Stored by another version of this program than this one can read.
    case version(kind: String, stored: Int, known: Int)

    public var description: String {
        switch self {
        case .unknownKind(let kind): "no saga of kind \(kind) is known here"
        case .unknown(let kind, let id): "there is no saga \(kind) \(id)"
        case .idLength(let kind, let id): "saga \(kind): an id has 1 to 128 bytes, this one \(id.utf8.count)"
        case .startConflict(let kind, let id, let stored, let given):
            "saga \(kind) \(id) was started with \(stored) and is started again with \(given)"
        case .eventConflict(let kind, let id, let eventID, let stored, let given):
            "saga \(kind) \(id) has event \(eventID) as \(stored) and is told it again as \(given)"
        case .moved(let kind, let id, let expected): "saga \(kind) \(id) is no longer at version \(expected)"
        case .notParked(let kind, let id): "saga \(kind) \(id) is not parked"
        case .version(let kind, let stored, let known):
            "saga \(kind) was stored by version \(stored) of it, this program knows version \(known)"
        }
    }
}
