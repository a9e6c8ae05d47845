import TradingCore

/// Balances as given: `BTC=10,USDT=1000000`.
enum BalanceList {
    /// - Returns: base and quote; what is not named is 0.
    static func parse(_ text: String, _ instrument: Instrument) throws -> (base: FixedDecimal, quote: FixedDecimal) {
        var amounts: [AssetID: FixedDecimal] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", omittingEmptySubsequences: false)
            guard pair.count == 2, let amount = FixedDecimal(String(pair[1])) else {
                throw BadInput("--balance \(part): must be ASSET=AMOUNT, such as \(instrument.base)=10")
            }
            let asset = AssetID(pair[0].uppercased())
            guard asset == instrument.base || asset == instrument.quote else {
                throw BadInput("--balance \(part): must be of \(instrument.base) or \(instrument.quote)")
            }
            guard !amount.isNegative, amount <= "1000000000000000" else {
                throw BadInput("--balance \(part): must be from 0 to 1000000000000000")
            }
            guard amounts.updateValue(amount, forKey: asset) == nil else {
                throw BadInput("--balance \(part): must be given once")
            }
        }
        return (amounts[instrument.base] ?? .zero, amounts[instrument.quote] ?? .zero)
    }
}
