import Exchanges
import TradingCore

/// What it costs to build and sign an order and a cancel.
enum Requests {
    /// - Returns: microseconds of one, the best of some rounds; nil for a dialect that does not place.
    static func measure(
        _ dialect: any ExchangeDialect, rounds: Int, count: Int
    ) throws -> (place: Double, cancel: Double) {
        let credentials = ExchangeCredentials(
            apiKey: "0123456789abcdef0123456789abcdef", secret: Secret("fedcba9876543210fedcba9876543210"),
            passphrase: Secret("passphrase"))
        let id = ClientOrderID(rawValue: 12_345_678_901).flatMap { dialect.clientOrderID($0) }
        var order = OrderPlacement(
            symbol: Dialects.symbol, kind: .limit, side: .buy, amount: "0.01234", price: "59999.98")
        order.isPostOnly = true
        order.clientOrderID = id
        let reference = OrderReference(id: "123456789", clientOrderID: id, symbol: Dialects.symbol)
        var bytes = 0
        func best(_ make: () throws -> EndpointRequest) throws -> Double {
            var best = Double.infinity
            for round in 0..<rounds {
                let start = cpuSeconds()
                for number in 0..<count {
                    let now = 1_790_000_000_000 + Int64(round * count + number)
                    let signed = try dialect.sign(try make(), SigningContext(credentials: credentials, now: now))
                    bytes &+= signed.url.utf8.count
                }
                best = min(best, (cpuSeconds() - start) / Double(count) * 1e6)
            }
            return best
        }
        let place = try best { try dialect.place(order).request }
        let cancel = try best { try dialect.cancel(reference).request }
        guard bytes > 0 else { return (0, 0) }
        return (place, cancel)
    }
}
