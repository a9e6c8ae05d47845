import Execution
import Foundation
import MarketMaking
public import TradingCore

/// ISO 8601 in UTC with milliseconds, as the original's entities show times (D59).
public enum WireTime {
    public static func text(_ time: Timestamp) -> String {
        // Whole seconds through the calendar, milliseconds by hand: a Double loses the last of them.
        let (seconds, rest) = time.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let whole = rest < 0 ? seconds - 1 : seconds
        let milliseconds = (rest < 0 ? rest + 1_000_000_000 : rest) / 1_000_000
        let digits = String(milliseconds + 1_000).dropFirst()
        return Date(timeIntervalSince1970: Double(whole)).formatted(.iso8601).dropLast() + ".\(digits)Z"
    }
}

extension JSONTree {
    static func time(_ time: Timestamp) -> JSONTree { .string(WireTime.text(time)) }

    /// Money in fields of our own: a text, so that nobody reads it as binary floating point.
    static func money(_ value: FixedDecimal) -> JSONTree { .string(value.description) }

    /// A stored JSON text.
    init(stored text: String) { self = (try? JSONValue(text)).map(JSONTree.init) ?? .string(text) }

    init(_ instance: StrategyInstance) {
        self = .object([
            "id": .number(instance.id), "strategyKey": .string(instance.key.description),
            "userId": .string(instance.key.userID), "clientId": .string(instance.key.clientID),
            "strategyType": .string(instance.key.type.rawValue),
            "startPrice": instance.startPrice.map(JSONTree.number) ?? .null,
            "parameters": JSONTree(stored: instance.parameters), "status": .string(instance.status.rawValue),
            "createdAt": .time(instance.createdAt), "updatedAt": .time(instance.updatedAt),
            "parametersVersion": .number(instance.parametersVersion),
        ])
    }

    init(_ entry: HistoryEntry) {
        self = .object([
            "id": .number(entry.id), "userId": .string(entry.userID), "clientId": .string(entry.clientID),
            "exchange": .string(entry.exchange), "pair": .string(entry.pair), "side": .string("\(entry.side)"),
            "amount": .money(entry.amount), "price": .money(entry.price), "orderId": .string(entry.orderID),
            "executedAt": .time(entry.executedAt), "status": .string(entry.status),
            "strategy": .string(entry.strategy), "strategyInstanceId": .string("\(entry.strategyInstanceID)"),
            "filled": .money(entry.filled),
        ])
    }

    init(_ entry: PerformanceEntry) {
        self = .object([
            "id": .number(entry.id), "userId": .string(entry.userID), "clientId": .string(entry.clientID),
            "strategyType": .string(entry.strategyType), "profitLoss": .number(entry.profitLoss),
            "additionalMetrics": JSONTree(stored: entry.additionalMetrics), "executedAt": .time(entry.executedAt),
        ])
    }

    init(_ inspection: StrategyInspection) {
        self = .object([
            "strategy": JSONTree(inspection.instance), "state": .string(inspection.state.wireName),
            "reason": inspection.reason.map(JSONTree.string) ?? .null, "base": .money(inspection.base),
            "quote": .money(inspection.quote), "position": .money(inspection.position),
            "realizedPnL": .money(inspection.realizedPnL),
            "unrealizedPnL": inspection.unrealizedPnL.map(JSONTree.money) ?? .null,
            "orders": .number(inspection.orderCount), "fills": .number(inspection.fillCount),
            "markout1sBasisPoints": inspection.markout1sBasisPoints.isFinite
                ? .number("\(inspection.markout1sBasisPoints)") : .null,
            "openOrders": .array(
                inspection.openOrders.map { order in
                    .object([
                        "orderId": .string(order.clientOrderID), "side": .string("\(order.side)"),
                        "price": .money(order.price), "amount": .money(order.quantity),
                        "filled": .money(order.filled), "status": .string(order.status),
                    ])
                }),
        ])
    }

    init(_ book: OrderBookView) {
        func levels(_ levels: [OrderBookView.Level]) -> JSONTree {
            .array(levels.map { .array([.number($0.price), .number($0.quantity)]) })
        }
        self = .object([
            "exchange": .string(book.exchange), "symbol": .string(book.symbol), "bids": levels(book.bids),
            "asks": levels(book.asks),
            "timestamp": .number(max(0, book.time.nanoseconds / 1_000_000)), "datetime": .time(book.time),
        ])
    }

    init(_ entry: TradingStateEntry) {
        let (scope, id): (String, String?) =
            switch entry.scope {
            case .server: ("server", nil)
            case .account(let name): ("account", name)
            case .session(let key): ("session", key)
            }
        self = .object([
            "scope": .string(scope), "id": id.map(JSONTree.string), "state": .string(entry.state.wireName),
            "reason": .string(entry.reason), "setBy": .string(entry.setBy), "setAt": .time(entry.setAt),
            "isStored": .bool(entry.isStored), "uncancelled": .array(entry.uncancelled.map(JSONTree.string)),
        ])
    }
}
