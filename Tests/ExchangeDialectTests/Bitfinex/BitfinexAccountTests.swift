import Testing
import TradingCore

@testable import Exchanges

@Suite("Bitfinex markets and account")
struct BitfinexAccountTests {
    private func read<Answer>(_ call: EndpointCall<Answer>, _ text: String) throws -> Answer {
        try call.answer(in: BitfinexSamples.answer(text), try BitfinexSamples.dialect())
    }

    @Test func `spot pairs, and neither derivatives nor paper`() throws {
        let info = "[null,null,null,\"4.0\",\"2000.0\"]"
        let pairs = ["BTCUST", "AVAX:UST", "BTCF0:USTF0", "TESTBTC:TESTUSD", "ODD"]
        let text = "[[\(pairs.map { "[\"\($0)\",\(info)]" }.joined(separator: ","))],[],[],[]]"
        let markets = try read(try BitfinexSamples.dialect().markets(), text)
        #expect(markets.map(\.id) == ["tBTCUST", "tAVAX:UST"])
        #expect(markets.map(\.symbol.description) == ["BTC/USDT", "AVAX/USDT"])
        #expect(markets.first?.limits.minimumAmount == "4")
    }

    @Test func `currencies with their ways of transfer`() throws {
        let text = """
            [["BTC","UST","USTF0"],[],[["BTC","Bitcoin"],["UST","Tether USDt"]],[],[],[],[],[["BTC",[0,0.00006]]],\
            [["BITCOIN",["BTC"]],["TETHERUSE",["UST"]],["TETHERUSX",["UST"]]],[["BITCOIN",1,1,null],["TETHERUSX",1,0]]]
            """
        let currencies = try read(try BitfinexSamples.dialect().currencies(), text)
        #expect(currencies.map(\.asset.rawValue) == ["BTC", "USDT"])
        #expect(currencies.first?.withdrawalFee == "0.00006")
        #expect(currencies.first?.networks.first?.id == "bitcoin")
        #expect(currencies.last?.networks.map(\.code) == ["ERC20", "TRC20"])
        #expect(currencies.last?.networks.last?.canWithdraw == false)
        #expect(throws: ExchangeFailure.self) { try read(try BitfinexSamples.dialect().currencies(), "[[]]") }
    }

    @Test func `only the exchange wallet counts`() throws {
        let text =
            "[[\"exchange\",\"UST\",25000.5,0,10050.5],[\"margin\",\"UST\",1,0,1],[\"exchange\",\"BTC\",1,0,null]]"
        let balances = try read(try BitfinexSamples.dialect().balances([]), text).balances
        #expect(balances.map(\.asset.rawValue) == ["USDT", "BTC"])
        #expect(balances.map(\.used) == ["14950", nil])
    }

    @Test func `fees by what the quote is`() throws {
        let text = "[null,null,null,null,[[0.0008,null,0.0009,null,null,0.0002],[0.0018,null,0.0019,null,null,0.0006]]]"
        let fees = try read(try BitfinexSamples.dialect().allTradingFees([]), text)
        #expect(fees.count == 3)
        #expect(fees.first?.maker == "0.0008")
        #expect(fees.first?.taker == "0.0018")
    }

    @Test func `what a key may do`() throws {
        let text = "[[\"orders\",1,1],[\"wallets\",1,0],[\"withdraw\",1,0],[\"settings\",1,1]]"
        #expect(
            try read(try BitfinexSamples.dialect().permissions(), text)
                == KeyPermissions(canRead: true, canTrade: true, canWithdraw: false))
    }

    @Test func `transfers of both kinds in one list`() throws {
        func row(_ id: Int, _ amount: String, _ status: String) -> String {
            "[\(id),\"UST\",\"TETHERUSE\",null,null,\(id)0,\(id)1,null,null,\"\(status)\",null,null,\(amount),-0.5,null,null,"
                + "\"0xabc\",null,null,null,\"0xtx\",null]"
        }
        let text = "[\(row(2, "-10", "CANCELED")),\(row(1, "7", "COMPLETED"))]"
        let dialect = try BitfinexSamples.dialect()
        let query = HistoryQuery(asset: AssetID("USDT"))
        #expect(try dialect.deposits(query).request.path == "auth/r/movements/UST/hist")
        let all = try read(try dialect.depositsAndWithdrawals(query), text)
        #expect(all.map(\.kind) == [.deposit, .withdrawal])
        #expect(all.map(\.status) == [.ok, .cancelled])
        #expect(all.map(\.amount) == ["7", "10"])
        #expect(all.first?.fee == ExchangeFee(cost: "0.5", asset: AssetID("USDT")))
        #expect(all.first?.network == "ERC20")
        #expect(try read(try dialect.withdrawals(query), text).map(\.id) == ["2"])
    }

    @Test func `a withdrawal that was not taken is refused`() throws {
        let dialect = try BitfinexSamples.dialect()
        let call = try dialect.withdraw(
            WithdrawalRequest(asset: AssetID("USDT"), amount: "5", address: "0xabc", network: "ERC20"))
        let good =
            "[9,\"acc_wd-req\",null,null,[77,null,\"tetheruse\",null,\"exchange\",5,null,null,0.4],null,\"SUCCESS\",\"ok\"]"
        let transfer = try read(call, good)
        #expect(transfer.id == "77")
        #expect(transfer.fee?.cost == "0.4")
        let bad =
            "[9,\"acc_wd-req\",null,null,[0,null,\"tetheruse\",null,\"exchange\",5],null,\"SUCCESS\",\"Invalid address\"]"
        #expect(throws: ExchangeFailure.self) { try read(call, bad) }
    }
}
