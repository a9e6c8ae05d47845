import Execution
import TradingCore

/// Money that comes from outside or goes there, on demand: the exchange has no deposits and withdrawals of its own.
extension SpotExchange {
    /// Carries a transfer out, as the control endpoint gets it: `{"account":"alice","asset":"USDT","amount":"-100"}`.
    public func transfer(_ text: String) async throws(SpotFaultError) {
        let (account, asset, amount) = try read(transfer: text)
        let outcome = await perform(.transfer(account: account, asset: asset, amount: amount))
        guard case .refused(let error) = outcome else { return }
        throw SpotFaultError(
            description: error == .insufficientBalance
                ? "amount \(amount): must not be more than the \(core.balance(account, asset).free) that are free"
                : "amount \(amount): \(error.message)")
    }

    private func read(transfer text: String) throws(SpotFaultError) -> (String, AssetID, FixedDecimal) {
        guard let value = try? JSONValue(text), case .object(let members) = value else {
            throw SpotFaultError(description: "transfer: must be an object with account, asset and amount")
        }
        for member in members where !["account", "asset", "amount"].contains(member.key) {
            throw SpotFaultError(description: "\(member.key): no such field")
        }
        guard case .string(let account)? = value["account"], core.accounts[account] != nil else {
            let names = configuration.accounts.map(\.name).joined(separator: ", ")
            throw SpotFaultError(description: "account: must be one of \(names)")
        }
        guard case .string(let asset)? = value["asset"], core.balances.index(of: AssetID(asset)) != nil else {
            let assets = core.balances.assets.map(\.rawValue).joined(separator: ", ")
            throw SpotFaultError(description: "asset: must be one of \(assets)")
        }
        let written: String? =
            switch value["amount"] {
            case .string(let text)?, .number(let text)?: text
            default: nil
            }
        guard let amount = written.flatMap({ FixedDecimal($0) }), !amount.isZero, amount.raw % 10_000_000_000 == 0,
            amount >= "-1000000000000", amount <= "1000000000000"
        else {
            throw SpotFaultError(
                description: "amount \(written ?? ""): must be -10^12 to 10^12, not 0, with at most 8 decimals")
        }
        return (account, AssetID(asset), amount)
    }
}
