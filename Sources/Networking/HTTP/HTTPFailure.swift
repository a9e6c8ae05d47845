/// Why a request has no whole answer.
public enum HTTPFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nothing of it has left: the address is none, nobody took the connection, the certificate is wrong.
    case notSent(String)
    /// It may have been received, and carried out: no answer in time, half an answer, a broken connection.
    case unknown(String)
    /// It was received: the answer began, and is longer than we take. What it says is unknown all the same.
    case answerTooLong(limit: Int)

    public var description: String {
        switch self {
        case .notSent(let why): "not sent: \(why)"
        case .unknown(let why): "no answer: \(why)"
        case .answerTooLong(let limit): "the answer is longer than \(limit) bytes"
        }
    }
}
