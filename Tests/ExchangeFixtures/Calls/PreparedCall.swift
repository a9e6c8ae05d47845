import Exchanges
import TradingCore

/// A call whose answer comes out as CCXT's unified JSON.
struct PreparedCall {
    var request: EndpointRequest
    private var read: (EndpointAnswer, any ExchangeDialect) throws(ExchangeFailure) -> JSONValue

    init<Answer: Sendable>(_ call: EndpointCall<Answer>, _ render: @escaping (Answer) -> JSONValue) {
        request = call.request
        read = { (answer, dialect) throws(ExchangeFailure) in render(try Self.open(call, answer, dialect)) }
    }

    private static func open<Answer: Sendable>(
        _ call: EndpointCall<Answer>, _ answer: EndpointAnswer, _ dialect: some ExchangeDialect
    ) throws(ExchangeFailure) -> Answer { try call.answer(in: answer, dialect) }

    func answer(in answer: EndpointAnswer, _ dialect: any ExchangeDialect) throws(ExchangeFailure) -> JSONValue {
        try read(answer, dialect)
    }
}
