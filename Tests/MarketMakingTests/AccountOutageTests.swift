import Exchanges
import Testing
import TradingCore

@testable import MarketMaking

/// Which troubles of an account stop something, so that `/health/ready` says so.
@Suite struct AccountOutageTests {
    private func account(_ outage: ExchangeAccountState.Outage?, _ label: String = "default") -> ExchangeAccountState {
        var state = ExchangeAccountState(
            exchange: ExchangeID(rawValue: "binance"), label: label, isStreaming: true, fault: "why", safety: .none,
            unattended: [:])
        state.outage = outage
        return state
    }

    private func health(sessions: Int, orders: Int) -> DeskHealth {
        DeskHealth(
            exchanges: [],
            executors: [
                .init(
                    name: "binance/default/BTC/USDT", sessionCount: sessions, openOrderCount: orders,
                    unknownOrderCount: 0, lastMarketData: nil, isTrusted: true)
            ], isReconciled: true, faults: [])
    }

    @Test(arguments: [
        (ExchangeAccountState.Outage?.none, 3, 3, false), (.keyRefused, 0, 0, true), (.noAnswer, 0, 0, false),
        (.noAnswer, 1, 0, true), (.noAnswer, 0, 1, true),
    ])
    func `a refused key stops whoever would trade, an exchange that does not answer those who do`(
        outage: ExchangeAccountState.Outage?, sessions: Int, orders: Int, isStopped: Bool
    ) {
        #expect(health(sessions: sessions, orders: orders).isStopped(account(outage)) == isStopped)
        // Another account of the exchange, whose name begins alike, is not meant.
        #expect(
            health(sessions: sessions, orders: orders).isStopped(account(outage, "default2")) == (outage == .keyRefused)
        )
    }
}
