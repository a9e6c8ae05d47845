import Exchanges
import TradingCore

extension ExchangeTransfer.Status {
    var unified: String {
        switch self {
        case .ok: "ok"
        case .pending: "pending"
        case .failed: "failed"
        case .cancelled: "canceled"
        case .other(let word): word
        }
    }
}

extension ExchangeTransfer {
    var unified: JSONValue {
        let identity: [JSONValue.Member] = [
            .text("id", id), .text("txid", transactionID), .text("type", kind?.rawValue),
            .text("currency", asset?.rawValue), .text("network", network), .decimal("amount", amount),
            JSONValue.Member(key: "fee", value: fee?.unified ?? .null), .text("status", status?.unified),
        ]
        let places: [JSONValue.Member] = [
            .text("address", address), .text("addressFrom", addressFrom), .text("addressTo", addressTo),
            .text("tag", tag), .text("tagFrom", tagFrom), .text("tagTo", tagTo), .text("comment", comment),
            .bool("internal", isInternal), .integer("updated", updatedAt),
        ]
        return .object(identity + places + JSONValue.Member.times(createdAt))
    }
}

extension DepositAddress {
    var unified: JSONValue {
        .object([
            .text("currency", asset?.rawValue), .text("network", network), .text("address", address),
            .text("tag", tag),
        ])
    }
}
