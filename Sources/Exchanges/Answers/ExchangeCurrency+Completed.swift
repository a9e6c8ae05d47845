import TradingCore

extension ExchangeCurrency {
    /// With what its networks say together, where the exchange says it only there: whether any of them takes deposits and
    /// withdrawals, the coarsest step, the lowest fee, the widest limits.
    public func completed() -> ExchangeCurrency {
        var currency = self
        for network in networks {
            currency.canDeposit = Self.either(currency.canDeposit, network.canDeposit)
            currency.canWithdraw = Self.either(currency.canWithdraw, network.canWithdraw)
            currency.withdrawalFee = Self.chosen(currency.withdrawalFee, network.withdrawalFee, min)
            currency.precision = Self.chosen(currency.precision, network.precision, max)
            currency.limits.widen(to: network.limits)
        }
        return currency
    }

    private static func either(_ left: Bool?, _ right: Bool?) -> Bool? {
        guard let left, let right else { return left ?? right }
        return left || right
    }

    fileprivate static func chosen(
        _ left: FixedDecimal?, _ right: FixedDecimal?, _ choose: (FixedDecimal, FixedDecimal) -> FixedDecimal
    ) -> FixedDecimal? {
        guard let left, let right else { return left ?? right }
        return choose(left, right)
    }
}

extension TransferLimits {
    fileprivate mutating func widen(to other: TransferLimits) {
        minimumDeposit = ExchangeCurrency.chosen(minimumDeposit, other.minimumDeposit, min)
        maximumDeposit = ExchangeCurrency.chosen(maximumDeposit, other.maximumDeposit, max)
        minimumWithdrawal = ExchangeCurrency.chosen(minimumWithdrawal, other.minimumWithdrawal, min)
        maximumWithdrawal = ExchangeCurrency.chosen(maximumWithdrawal, other.maximumWithdrawal, max)
    }
}
