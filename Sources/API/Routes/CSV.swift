import MarketMaking
import TradingCore

/// Comma-separated values, RFC 4180: lines end with CR LF, fields are quoted where they must be.
enum CSV {
    static func fills(_ fills: [FillEntry]) -> String {
        let header = [
            "id", "tradeId", "orderId", "exchange", "pair", "side", "price", "amount", "fee", "feeAsset", "liquidity",
            "realizedPnL", "position", "executedAt",
        ]
        return table(
            header,
            fills.map { fill in
                [
                    "\(fill.id)", text(fill.tradeID), text(fill.orderID), text(fill.exchange), text(fill.pair),
                    "\(fill.side)", "\(fill.price)", "\(fill.quantity)", "\(fill.fee)", text(fill.feeAsset),
                    fill.isMaker ? "maker" : "taker", "\(fill.realizedPnL)", "\(fill.position)",
                    WireTime.text(fill.time),
                ]
            })
    }

    static func performance(_ entries: [PerformanceEntry]) -> String {
        table(
            ["id", "userId", "clientId", "strategyType", "profitLoss", "executedAt", "additionalMetrics"],
            entries.map { entry in
                [
                    "\(entry.id)", text(entry.userID), text(entry.clientID), text(entry.strategyType),
                    "\(entry.profitLoss)", WireTime.text(entry.executedAt), text(entry.additionalMetrics),
                ]
            })
    }

    private static func table(_ header: [String], _ rows: [[String]]) -> String {
        ([header] + rows).map { $0.joined(separator: ",") + "\r\n" }.joined()
    }

    /// A field whose content came from outside: never a formula to a spreadsheet, quoted where it has to be.
    static func text(_ value: String) -> String {
        var value = value
        if let first = value.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first) { value = "'" + value }
        guard value.contains(where: { "\",\r\n".contains($0) }) else { return value }
        return "\"" + value.replacing("\"", with: "\"\"") + "\""
    }
}
