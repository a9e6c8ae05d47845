import Testing
import TradingCore

@testable import Simulators

@Suite("An order as it is asked for")
struct OrderTicketTests {
    private func read(_ text: String) throws(SpotError) -> OrderTicket {
        var reader = ParameterReader(try RequestText(query: text, body: "").parameters)
        let ticket = try OrderTicket(&reader)
        try reader.finish()
        return ticket
    }

    @Test(
        "What is wrong with it has Binance's code",
        arguments: [
            ("type=LIMIT", -1102), ("side=BUY", -1102), ("side=UP&type=LIMIT", -1117), ("side=BUY&type=STOP", -1116),
            ("side=BUY&type=LIMIT&quantity=1&price=1", -1102), ("side=BUY&type=LIMIT&timeInForce=GTC&price=1", -1102),
            ("side=BUY&type=LIMIT&timeInForce=GTC&quantity=1", -1102),
            ("side=BUY&type=LIMIT&timeInForce=DAY&quantity=1&price=1", -1115),
            ("side=BUY&type=LIMIT_MAKER&timeInForce=GTC&quantity=1&price=1", -1106),
            ("side=BUY&type=LIMIT_MAKER&price=1", -1102), ("side=BUY&type=MARKET", -1102),
            ("side=BUY&type=MARKET&quantity=1&price=1", -1106),
            ("side=BUY&type=MARKET&quantity=1&quoteOrderQty=1", -1106),
            ("side=BUY&type=MARKET&quantity=1&timeInForce=IOC", -1106),
            ("side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1&quoteOrderQty=4", -1106),
            ("side=BUY&type=MARKET&quantity=1.123456789", -1111), ("side=BUY&type=MARKET&quantity=-1", -1100),
            ("side=BUY&type=MARKET&quantity=1e3", -1100), ("side=BUY&type=MARKET&quantity=0", -1013),
            ("side=BUY&type=MARKET&quantity=0.00000000", -1013), ("side=BUY&type=MARKET&quantity=", -1105),
            ("side=BUY&type=MARKET&quantity=1.", -1100), ("side=BUY&type=MARKET&quantity=.5", -1100),
            ("side=BUY&type=MARKET&quantity=999999999999999999999", -1100),
            ("side=BUY&type=MARKET&quantity=1&newClientOrderId=a%20b", -1100),
            ("side=BUY&type=MARKET&quantity=1&newClientOrderId=1234567890123456789012345678901234567", -1100),
            ("side=BUY&type=MARKET&quantity=1&selfTradePreventionMode=X", -1130),
            ("side=BUY&type=MARKET&quantity=1&newOrderRespType=X", -1130),
            ("side=BUY&type=MARKET&quantity=1&stopPrice=5", -1106),
            ("side=BUY&type=MARKET&quantity=1&strategyType=5", -1130),
            ("side=BUY&type=MARKET&quantity=1&foo=5", -1104),
        ])
    func refused(text: String, code: Int) {
        do throws(SpotError) {
            let ticket = try read(text)
            Issue.record("was taken: \(ticket)")
        } catch { #expect(error.code == code, "\(error.message)") }
    }

    @Test(
        "Each type answers in its own way where nothing else is asked",
        arguments: [
            ("type=LIMIT&timeInForce=IOC&quantity=1&price=2", OrderTicket.Response.full),
            ("type=MARKET&quoteOrderQty=10", .full), ("type=LIMIT_MAKER&quantity=1&price=2", .acknowledgement),
            ("type=LIMIT_MAKER&quantity=1&price=2&newOrderRespType=RESULT", .result),
        ])
    func response(text: String, response: OrderTicket.Response) throws {
        let ticket = try read("side=SELL&" + text)
        #expect(ticket.response == response)
        #expect(ticket.side == .sell)
        #expect(ticket.prevention == .expireMaker)
    }
}
