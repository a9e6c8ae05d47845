import Exchanges
import Execution
import Foundation
import NIOCore
import TradingCore

// What a server and a paper exchange in another process say to each other: one JSON value a line, over a Unix socket.

/// What the server says.
enum PaperCall: Codable, Sendable {
    case market(subscription: Int, Symbol)
    case account(subscription: Int, String, Symbol)
    case end(subscription: Int)
    /// Carried out until `expires`, and not after: a request that lay in a socket while its sender died must not surprise
    /// anybody later.
    case command(PaperCommand, expires: Timestamp)
    case query(ClientOrderID, account: String, Symbol)
    case ask(number: Int, PaperQuestion)
}

enum PaperQuestion: Codable, Sendable {
    case openOrders(String, Symbol)
    case symbolsWithOrders(String, installation: UInt8)
    case order(ClientOrderID, String)
    case fills(String, Symbol, from: UInt64, limit: Int)
    case balances(String)
}

/// What the exchange says.
enum PaperWord: Codable, Sendable {
    case market(subscription: Int, [MarketRecord])
    case account(subscription: Int, AccountEvent)
    case answer(number: Int, PaperAnswer)
    case refusal(number: Int, ConnectorError)
    /// Every second: nothing else need have happened.
    case alive
}

enum PaperAnswer: Codable, Sendable {
    case openOrders([ListedOrder])
    case symbolsWithOrders(Set<Symbol>)
    case order(OrderReport?)
    case fills([Fill])
    case balances([AssetBalance])
}

/// Times both sides keep to.
enum PaperSocket {
    /// For how long after it was sent a command is still carried out.
    static let acceptanceWindow = Nanoseconds.seconds(2)
    static let heartbeatInterval = Nanoseconds.seconds(1)
    /// Silence for so long means that the other side is gone, and a question unanswered for so long that it is lost.
    static let patience = Nanoseconds.seconds(5)
    /// A side that lets so much pile up is cut off.
    static let maximumLine = 64 << 20

    static func encode(_ value: some Encodable) -> ByteBuffer? {
        guard let data = try? JSONEncoder().encode(value) else { return nil }
        var buffer = ByteBufferAllocator().buffer(capacity: data.count + 1)
        buffer.writeBytes(data)
        buffer.writeInteger(UInt8(ascii: "\n"))
        return buffer
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ line: ByteBuffer) -> Value? {
        try? JSONDecoder().decode(type, from: Data(line.readableBytesView))
    }
}
