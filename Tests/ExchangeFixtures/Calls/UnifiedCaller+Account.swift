import Exchanges
import TradingCore

extension UnifiedCaller {
    func accountCall(_ method: String, _ arguments: inout UnifiedArguments) throws -> PreparedCall? {
        switch method {
        case "fetchBalance": return PreparedCall(try dialect.balances(arguments.parameters)) { $0.unified }
        case "fetchAccounts":
            return PreparedCall(try dialect.wallets(arguments.parameters)) { .array($0.map(\.unified)) }
        case "fetchTradingFee":
            return PreparedCall(
                try dialect.tradingFees(arguments.requiredSymbol(0), arguments.parameters)
            ) { $0.unified }
        case "fetchTradingFees":
            return PreparedCall(try dialect.allTradingFees(arguments.parameters)) { fees in
                .object(
                    fees.compactMap { fee in
                        fee.symbol.map { JSONValue.Member(key: $0.description, value: fee.unified) }
                    })
            }
        default: return nil
        }
    }

    func transferCall(_ method: String, _ arguments: inout UnifiedArguments) throws -> PreparedCall? {
        func asset(_ index: Int) -> AssetID? { arguments.text(index).map { AssetID($0) } }
        switch method {
        case "fetchDepositAddress", "createDepositAddress":
            let asset = AssetID(arguments.text(0) ?? "")
            let network = arguments.takeText("network", "networkCode")
            let call =
                method == "fetchDepositAddress"
                ? try dialect.depositAddress(asset, network: network, arguments.parameters)
                : try dialect.createDepositAddress(asset, network: network, arguments.parameters)
            return PreparedCall(call) { $0.unified }
        case "withdraw":
            guard let amount = try arguments.decimal(1) else {
                throw ExchangeFailure(.argumentsRequired, message: "an amount")
            }
            var withdrawal = WithdrawalRequest(
                asset: AssetID(arguments.text(0) ?? ""), amount: amount, address: arguments.text(2) ?? "",
                tag: arguments.text(3))
            withdrawal.network = arguments.takeText("network", "networkCode")
            withdrawal.fee = try arguments.takeDecimal("fee")
            withdrawal.extra = arguments.parameters
            return PreparedCall(try dialect.withdraw(withdrawal)) { $0.unified }
        case "fetchDeposits":
            let query = try arguments.history(asset: asset(0), from: 1)
            return PreparedCall(try dialect.deposits(query)) { UnifiedList.transfers($0, query) }
        case "fetchWithdrawals":
            let query = try arguments.history(asset: asset(0), from: 1)
            return PreparedCall(try dialect.withdrawals(query)) { UnifiedList.transfers($0, query) }
        case "fetchDepositsWithdrawals", "fetchTransactions":
            let query = try arguments.history(asset: asset(0), from: 1)
            return PreparedCall(try dialect.depositsAndWithdrawals(query)) { UnifiedList.transfers($0, query) }
        default: return nil
        }
    }

    func historyCall(_ method: String, _ arguments: inout UnifiedArguments) throws -> PreparedCall? {
        func query() throws -> HistoryQuery { try arguments.history(symbol: arguments.symbol(0), from: 1) }
        func orders(
            _ call: (HistoryQuery) throws -> EndpointCall<[ExchangeOrder]>
        ) throws -> PreparedCall {
            let query = try query()
            return PreparedCall(try call(query)) { UnifiedList.orders($0, query) }
        }
        switch method {
        case "fetchOpenOrders": return try orders { try dialect.openOrders($0) }
        case "fetchClosedOrders": return try orders { try dialect.closedOrders($0) }
        case "fetchCanceledOrders": return try orders { try dialect.cancelledOrders($0) }
        case "fetchCanceledAndClosedOrders": return try orders { try dialect.cancelledAndClosedOrders($0) }
        case "fetchOrders": return try orders { try dialect.orders($0) }
        case "fetchMyTrades":
            let query = try query()
            return PreparedCall(try dialect.ownTrades(query)) { UnifiedList.trades($0, query) }
        case "fetchOrderTrades":
            let reference = OrderReference(id: arguments.text(0), symbol: try arguments.symbol(1))
            let query = try arguments.history(symbol: reference.symbol, from: 2)
            return PreparedCall(try dialect.trades(of: reference, query)) { UnifiedList.trades($0, query) }
        default: return nil
        }
    }
}
