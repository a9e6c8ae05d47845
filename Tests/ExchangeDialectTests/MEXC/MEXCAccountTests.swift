import Testing
import TradingCore

@testable import Exchanges

@Suite("MEXC account")
struct MEXCAccountTests {
    private func read<Answer>(_ call: EndpointCall<Answer>, _ text: String) throws -> Answer {
        try call.answer(in: MEXCSamples.answer(text), try MEXCSamples.dialect())
    }

    @Test func `balances`() throws {
        let text = "{\"canTrade\":true,\"balances\":[{\"asset\":\"GAS\",\"free\":\"1\",\"locked\":\"2\"}]}"
        let balances = try read(try MEXCSamples.dialect().balances([]), text)
        #expect(balances.balances.first?.asset == AssetID("GASDAO"))
        #expect(balances.balances.first?.total == "3")
        #expect(throws: ExchangeFailure.self) { try read(try MEXCSamples.dialect().balances([]), "{\"balances\":{}}") }
    }

    @Test func `an account that may not trade, a key that may`() throws {
        let dialect = try MEXCSamples.dialect()
        #expect(try read(try dialect.permissions(), "{\"canTrade\":true,\"canWithdraw\":true}").canTrade == nil)
        #expect(try read(try dialect.permissions(), "{\"canTrade\":false}").canTrade == false)
    }

    @Test func `deposits and withdrawals`() throws {
        let dialect = try MEXCSamples.dialect()
        let deposit = """
            [{"amount":"50000","coin":"USDT-TRX","network":"Tron(TRC20)","status":5,"address":"T1","txId":"ab",\
            "insertTime":"1659513342000","memo":"m"}]
            """
        let deposits = try read(try dialect.deposits(HistoryQuery()), deposit)
        #expect(deposits.first?.asset == AssetID("USDT"))
        #expect(deposits.first?.network == "TRC20")
        #expect(deposits.first?.status == .ok)
        let withdrawal = """
            [{"id":"1","coin":"USDT","netWork":"TRX","amount":"20","status":9,"transactionFee":"1","applyTime":5}]
            """
        let withdrawals = try read(try dialect.withdrawals(HistoryQuery()), withdrawal)
        #expect(withdrawals.first?.network == "TRC20")
        #expect(withdrawals.first?.status == .cancelled)
        #expect(withdrawals.first?.fee?.cost == "1")
    }

    @Test(
        arguments: [
            ("ETH", "Ethereum(ERC20)", "ERC20"), ("SOL", "Solana(SOL)", "SOL"), (nil, "Tron(TRC20)", "TRC20"),
            (nil, "Avalanche C Chain(AVAX CCHAIN)", "AVAXC"), (nil, "MORPH", "MORPH"), (nil, nil, ""),
        ] as [(String?, String?, String)])
    func `networks by their common names`(_ short: String?, _ long: String?, _ code: String) {
        #expect(MEXCDialect.networkCode(short, long) == code)
    }

    @Test func `an address is asked for by the long name, and an outcome without one is an error`() throws {
        let dialect = try MEXCSamples.dialect()
        let call = try dialect.depositAddress(AssetID("USDT"), network: "SOL", [])
        #expect(FormEncoding.encoded(call.request.fields) == "coin=USDT&network=Solana%28SOL%29")
        let failure = #expect(throws: ExchangeFailure.self) { try read(call, "[]") }
        #expect(failure?.kind == .invalidAddress)
    }

    @Test func `a withdrawal goes by the short name of its network`() throws {
        let request = WithdrawalRequest(
            asset: AssetID("USDT"), amount: "5", address: "S1", tag: "m", network: "Solana(SOL)", clientID: "w1")
        let call = try MEXCSamples.dialect().withdraw(request)
        #expect(
            FormEncoding.encoded(call.request.fields)
                == "coin=USDT&address=S1&amount=5&memo=m&netWork=SOL&withdrawOrderId=w1")
        #expect(try read(call, "{\"id\":\"7\"}").id == "7")
    }
}
