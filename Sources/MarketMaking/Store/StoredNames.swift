public import Execution
import TradingCore

// How enumerations are written in the store. Texts, so that a row reads on its own; apart from the cases' own names, so
// that renaming a case changes no data.

extension OrderStatus {
    var storedName: String {
        switch self {
        case .pending: "pending"
        case .unknown: "unknown"
        case .open: "open"
        case .cancelling: "cancelling"
        case .filled: "filled"
        case .cancelled: "cancelled"
        case .rejected: "rejected"
        case .expired: "expired"
        }
    }

    init?(storedName: String) {
        guard let status = OrderStatus.allCases.first(where: { $0.storedName == storedName }) else { return nil }
        self = status
    }
}

extension Side {
    var storedName: String { self == .buy ? "buy" : "sell" }

    init?(storedName: String) {
        guard let side = Side.allCases.first(where: { $0.storedName == storedName }) else { return nil }
        self = side
    }
}

extension TradingState {
    /// The name that operators, the API and the store use.
    public var wireName: String {
        switch self {
        case .active: "ACTIVE"
        case .reducing: "REDUCING"
        case .halted: "HALTED"
        }
    }

    /// The state of a name, in any capitals.
    public init?(wireName: String) {
        guard let state = TradingState.allCases.first(where: { $0.wireName == wireName.uppercased() }) else {
            return nil
        }
        self = state
    }
}

extension TradingScope {
    var storedName: String {
        switch self {
        case .server: "server"
        case .account(let name): "account:\(name)"
        case .session(let key): "session:\(key)"
        }
    }

    init?(storedName: String) {
        if storedName == "server" {
            self = .server
        } else if storedName.hasPrefix("account:") {
            self = .account(String(storedName.dropFirst(8)))
        } else if storedName.hasPrefix("session:") {
            self = .session(String(storedName.dropFirst(8)))
        } else {
            return nil
        }
    }
}

/// A row holds what no version of this server writes.
struct StoredValueError: Error, CustomStringConvertible {
    let table: String
    let column: String
    let value: String

    var description: String { "\(table).\(column) holds \"\(value)\", which no version of this server writes" }
}

/// A stored value, or the error that names where a bad one stands.
func stored<Value>(_ table: String, _ column: String, _ text: String, _ make: (String) -> Value?) throws -> Value {
    guard let value = make(text) else { throw StoredValueError(table: table, column: column, value: text) }
    return value
}
