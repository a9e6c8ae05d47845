import Exchanges
import Scheduling
import TestSupport
import Testing
import TradingCore

/// Whose an order is has to be seen in what an exchange tells of it.
@Suite struct OrderMarkTests {
    private static let dialects: [any ExchangeDialect] = [
        BinanceDialect(), BitfinexDialect(), BybitDialect(), GateDialect(), KuCoinDialect(), MEXCDialect(),
        OKXDialect(),
    ]
    /// The most characters, and whether more than letters and digits may be among them.
    private static let most: [String: (length: Int, start: String)] = [
        "binance": (36, ""), "bybit": (36, ""), "gate": (30, "t-"), "kucoin": (40, ""), "mexc": (32, ""),
        "okx": (32, ""),
    ]

    private func mark(_ tag: UInt32?, _ number: UInt8 = 5) throws -> OrderMark {
        OrderMark(installation: try #require(InstallationID(number)), tag: try tag.map { try #require(OrderTag($0)) })
    }

    private func order(_ id: ClientOrderID, _ dialect: any ExchangeDialect) -> ExchangeOrder {
        var order = ExchangeOrder(id: "1", clientOrderID: dialect.clientOrderID(id))
        if dialect is BitfinexDialect { order.groupID = dialect.orderMark?.tag?.description }
        return order
    }

    @Test func `an order is its database's alone, whatever the numbers`() throws {
        var random = SplitMix64(seed: 45)
        for dialect in Self.dialects {
            for _ in 0..<200 {
                let id = try #require(ClientOrderID(rawValue: random.next() >> 19))
                let tags: [UInt32?] = [nil, 1, (1 << 30) - 1, UInt32(random.below((1 << 30) - 1)) + 1]
                var speakers: [any ExchangeDialect] = []
                for tag in tags {
                    var speaker = dialect
                    speaker.orderMark = try mark(tag)
                    speakers.append(speaker)
                }
                for (maker, madeBy) in speakers.enumerated() {
                    for (reader, readBy) in speakers.enumerated() where maker == reader || tags[maker] != tags[reader] {
                        let expected: OrderOwnership = maker == reader ? .own(id) : .foreign
                        #expect(
                            readBy.ownership(of: order(id, madeBy)) == expected,
                            "\(dialect.name) \(id): \(String(describing: tags[maker])) read by \(String(describing: tags[reader]))"
                        )
                    }
                }
            }
        }
    }

    @Test func `a tagged id keeps the exchange's length and letters`() throws {
        let highest = try #require(ClientOrderID(rawValue: (1 << 45) - 1))
        for dialect in Self.dialects {
            guard let rule = Self.most[dialect.id.rawValue] else { continue }
            var dialect = dialect
            for tag in [1, (1 << 30) - 1] as [UInt32] {
                dialect.orderMark = try mark(tag)
                for id in [try #require(ClientOrderID(rawValue: 0)), highest] {
                    let text = try #require(dialect.clientOrderID(id))
                    #expect(text.utf8.count <= rule.length && text.hasPrefix(rule.start), "\(text)")
                    #expect(
                        text.dropFirst(rule.start.count).utf8.allSatisfy {
                            (48...57).contains($0) || (97...122).contains($0)
                        }, "\(text)")
                    #expect(dialect.clientOrderID(text) == id)
                    #expect(dialect.clientOrderID(text + "0") == nil && dialect.clientOrderID(text.uppercased()) == nil)
                }
            }
        }
    }

    /// A trade tells no group: only a number that may be ours is asked about.
    @Test func `Bitfinex's trades of other numbers are others', those of ours are looked up`() throws {
        var dialect = BitfinexDialect()
        dialect.orderMark = try mark(77)
        let session = try #require(SessionID(1))
        for (number, expected) in [(UInt8(5), OrderOwnership.untold), (6, .foreign)] {
            var source = ClientOrderIDSource(installation: try #require(InstallationID(number)), session: session)
            let made = source.next()
            let id = try #require(made)
            let trade = ExchangeTrade(id: "1", orderID: "2", clientOrderID: dialect.clientOrderID(id))
            #expect(dialect.ownership(of: trade) == expected)
        }
        #expect(dialect.ownership(of: ExchangeTrade(id: "1", orderID: "2")) == .foreign)
    }

    /// By our number alone somebody else's could be meant.
    @Test func `Bitfinex's tag leaves as the order's group, and a cancel goes by the exchange's id`() throws {
        var dialect = BitfinexDialect(catalog: MarketCatalog(markets: [], currencies: []))
        dialect.orderMark = try mark(77)
        let reference = OrderReference(clientOrderID: "12", placedAt: 1_700_000_000_000)
        #expect { _ = try dialect.cancel(reference) } throws: {
            ($0 as? ExchangeFailure)?.kind == .argumentsRequired
        }
        let call = try dialect.cancel(OrderReference(id: "9", clientOrderID: "12"))
        #expect(call.request.fields == [.init(key: "id", value: .number("9"))])
    }
}
