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
        // By scalars: as characters, CR LF is one and a quote with an accent is no quote.
        var scalars = value.unicodeScalars
        let first = scalars.first { !$0.properties.isWhitespace }
        let isFormula = first.map("=+-@".unicodeScalars.contains) ?? false
        if isFormula || scalars.first == "\t" || scalars.first == "\r" {
            scalars.insert("'", at: scalars.startIndex)
        }
        guard scalars.contains(where: "\",\r\n".unicodeScalars.contains) else { return String(scalars) }
        var quoted = "\"".unicodeScalars
        for scalar in scalars {
            if scalar == "\"" { quoted.append(scalar) }
            quoted.append(scalar)
        }
        quoted.append("\"")
        return String(quoted)
    }
}
