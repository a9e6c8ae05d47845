public import Exchanges

/// Why a call gave no answer of its type, and what that means for what it asked.
public enum CallFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// It was not carried out: the exchange refused it, or nothing ever left.
    case notCarriedOut(ExchangeFailure)
    /// It may have been. For a placement ``AcceptanceRule`` says when it surely was not, from the request's `timestamp`
    /// (exchange time, milliseconds since 1970) and receive `window`.
    case unknown(ExchangeFailure, timestamp: Int64, window: Int64)

    public var failure: ExchangeFailure {
        switch self {
        case .notCarriedOut(let failure), .unknown(let failure, _, _): failure
        }
    }

    public var description: String {
        switch self {
        case .notCarriedOut(let failure): "\(failure)"
        case .unknown(let failure, _, _): "outcome unknown: \(failure)"
        }
    }
}
