import Exchanges
import Synchronization
import TradingCore

@testable import Networking

/// What a sink was told.
final class MarketTold: Sendable {
    private let all = Mutex<[MarketRecord]>([])
    var records: [MarketRecord] { all.withLock { $0 } }
    func take(_ records: [MarketRecord]) { all.withLock { $0 += records } }
}

extension VenueHarness {
    /// What the connector's book would have to be.
    var trueBestPrices: (bid: FixedDecimal, ask: FixedDecimal) {
        model.read { ($0.bids[0].price, $0.asks[0].price) }
    }

    /// The best prices of the book that the records make; nil while there is none.
    var bestPrices: (bid: FixedDecimal, ask: FixedDecimal)? {
        var book = OrderBook()
        for record in market { book.apply(record) }
        guard let bid = book.bestBid, let ask = book.bestAsk, let unit = knownUnit else { return nil }
        return (unit.decimal(bid), unit.decimal(ask))
    }

    /// The asks' amounts in the book that the records make, the best first.
    var askAmounts: [String] {
        var book = OrderBook()
        for record in market { book.apply(record) }
        guard let unit = knownUnit else { return [] }
        return book.levels(.sell, limit: .max).map { level in unit.decimal(level.quantity).text }
    }

    private var knownUnit: BookUnit? {
        (try? connector as? DialectConnector)?.venue.known(Self.symbol)?.unit
    }

    /// Milliseconds that have to pass before an order counts as never accepted.
    var connectorWindow: Int64 {
        get throws { try connector.acceptanceWindow / 1_000_000 - 1_000 }
    }

    /// Nothing is traded on the account for what was last told of it.
    var isLost: Bool { told.last { $0 == .lost || $0 == .recovered } == .lost }

    /// Lets so much of the exchange's time go by.
    func pass(seconds: Int64) async throws {
        try await time.sleep(until: time.now().advanced(byNanoseconds: seconds * 1_000_000_000))
    }

    /// Time for what might still come: an audit and a look.
    func connectorSettles() async throws {
        try await pass(seconds: 5)
    }
}

extension ModelExchange {
    /// Fills of the past: of every three one is of somebody else's order.
    func addHistory(from start: Int64, count: Int, every step: Int64, named exchange: NativeExchange) {
        change { contents in
            for number in 0..<count {
                let isForeign = number % 3 == 2
                let clientID =
                    isForeign
                    ? (exchange == .bitfinex ? "0" : "somebody-\(number)")
                    : ClientOrderID(rawValue: UInt64(3_000 + number / 100)).map { exchange.name(of: $0) } ?? ""
                let order = Order(
                    id: isForeign ? 80_000 + number : 70_000 + number / 100, clientID: clientID,
                    group: isForeign ? nil : exchange.group, side: .buy,
                    price: "99.5", amount: "100", filled: "1", state: .cancelled, createdAt: start)
                if !contents.orders.contains(where: { $0.id == order.id }) { contents.orders.append(order) }
                contents.trades.append(
                    Trade(
                        id: 100_000 + number, order: order, price: "99.5", amount: "0.01", fee: "0", feeAsset: "USDT",
                        time: start + Int64(number) * step))
            }
        }
    }

    /// Orders of ours that rest, without being told.
    func addOpenOrders(_ count: Int, named exchange: NativeExchange) {
        let now = now
        change { contents in
            for number in 0..<count {
                guard let id = ClientOrderID(rawValue: UInt64(7_000 + number)) else { continue }
                contents.orders.append(
                    Order(
                        id: 20_000 + number, clientID: exchange.name(of: id), group: exchange.group, side: .buy,
                        price: "90", amount: "0.1",
                        createdAt: now - Int64(count - number)))
            }
        }
    }

    func addForeignOrder() {
        let now = now
        change { contents in
            contents.orders.append(
                Order(
                    id: 60_000,
                    clientID: contents.orders.first.map { $0.clientID.allSatisfy(\.isNumber) } == true
                        ? "1700000000000" : "somebody", side: .sell, price: "120", amount: "1", createdAt: now))
        }
    }
}
