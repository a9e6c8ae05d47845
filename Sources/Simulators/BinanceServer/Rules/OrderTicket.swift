import TradingCore

/// An order as a client asks for it, read and checked as far as that goes without the market.
struct OrderTicket: Codable, Hashable, Sendable {
    enum Kind: String, Codable, Sendable {
        case limit = "LIMIT"
        case market = "MARKET"
        case limitMaker = "LIMIT_MAKER"
    }

    enum Force: String, Codable, Sendable {
        case goodTillCancelled = "GTC"
        case immediateOrCancel = "IOC"
        case fillOrKill = "FOK"

        var timeInForce: TimeInForce {
            switch self {
            case .goodTillCancelled: .goodTillCancelled
            case .immediateOrCancel: .immediateOrCancel
            case .fillOrKill: .fillOrKill
            }
        }
    }

    enum Prevention: String, Codable, CaseIterable, Sendable {
        case none = "NONE"
        case expireTaker = "EXPIRE_TAKER"
        case expireMaker = "EXPIRE_MAKER"
        case expireBoth = "EXPIRE_BOTH"
        case decrement = "DECREMENT"

        var mode: SelfTradePrevention {
            switch self {
            case .none: .none
            case .expireTaker: .expireTaker
            case .expireMaker: .expireMaker
            case .expireBoth: .expireBoth
            case .decrement: .decrement
            }
        }
    }

    enum Response: String, Codable, Sendable {
        case acknowledgement = "ACK"
        case result = "RESULT"
        case full = "FULL"
    }

    var side: Side
    var kind: Kind
    var force: Force
    var quantity: FixedDecimal?
    /// Of a MARKET order by value.
    var quoteQuantity: FixedDecimal?
    var price: FixedDecimal?
    var clientID: String?
    var prevention: Prevention
    var response: Response
    var strategyID: Int64?
    var strategyType: Int64?

    /// What sells and buys are called.
    private enum SideName: String { case buy = "BUY", sell = "SELL" }

    static let clientIDRule = "^[a-zA-Z0-9-_]{1,36}$"

    static func isClientID(_ text: String) -> Bool {
        (1...36).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
                default: false
                }
            }
    }

    /// Reads an order's parameters but for the symbol.
    /// - Parameter standardPrevention: what the symbol does where the order names nothing.
    init(_ reader: inout ParameterReader, standardPrevention: Prevention = .expireMaker) throws(SpotError) {
        _ = try reader.required("side")
        guard let side = try reader.choice("side", SideName.self, or: .badSide) else { throw .missing("side") }
        self.side = side == .buy ? .buy : .sell
        let type = try reader.required("type")
        guard let kind = Kind(rawValue: type) else { throw .badOrderType }
        self.kind = kind
        let named = try reader.choice("timeInForce", Force.self, or: .badTimeInForce)
        quantity = try reader.amount("quantity")
        quoteQuantity = try reader.amount("quoteOrderQty")
        price = try reader.amount("price")
        clientID = try reader.text("newClientOrderId")
        if let clientID, !OrderTicket.isClientID(clientID) {
            throw .illegal("newClientOrderId", OrderTicket.clientIDRule)
        }
        prevention =
            try reader.choice("selfTradePreventionMode", Prevention.self, or: .badValue("selfTradePreventionMode"))
            ?? standardPrevention
        let wanted = try reader.choice("newOrderRespType", Response.self, or: .badValue("newOrderRespType"))
        response = wanted ?? (kind == .limitMaker ? .acknowledgement : .full)
        strategyID = try reader.integer("strategyId")
        strategyType = try reader.integer("strategyType")
        if let strategyType, strategyType < 1_000_000 { throw .badValue("strategyType") }
        force = named ?? .goodTillCancelled
        try OrderTicket.checkFields(kind, named != nil, &reader)
        try checkAmounts()
    }

    /// Which parameters a type needs and which it must not have.
    private static func checkFields(
        _ kind: Kind, _ hasForce: Bool, _ reader: inout ParameterReader
    ) throws(SpotError) {
        for name in ["stopPrice", "trailingDelta", "icebergQty"] where reader.has(name) {
            if name == "icebergQty", kind == .limit { throw .unsupportedOrder }
            throw .notRequired(name)
        }
        switch kind {
        case .limit:
            if !hasForce { throw .missing("timeInForce") }
            if reader.has("quoteOrderQty") { throw .notRequired("quoteOrderQty") }
        case .limitMaker:
            if hasForce { throw .notRequired("timeInForce") }
            if reader.has("quoteOrderQty") { throw .notRequired("quoteOrderQty") }
        case .market:
            if hasForce { throw .notRequired("timeInForce") }
            if reader.has("price") { throw .notRequired("price") }
        }
    }

    private func checkAmounts() throws(SpotError) {
        switch kind {
        case .limit, .limitMaker:
            if quantity == nil { throw .missing("quantity") }
            if price == nil { throw .missing("price") }
        case .market:
            if quantity != nil, quoteQuantity != nil { throw .notRequired("quoteOrderQty") }
            if quantity == nil, quoteQuantity == nil { throw .oneOf("quantity", "quoteOrderQty") }
        }
    }
}

/// A client id for whoever sent none: 22 letters and digits.
enum GeneratedClientID {
    private static let letters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    static func make(_ generator: inout some RandomNumberGenerator) -> String {
        String(decoding: (0..<22).map { _ in letters[Int(generator.next() % 62)] }, as: UTF8.self)
    }
}
