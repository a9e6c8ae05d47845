import Exchanges
import Scheduling
import Testing
import TradingCore

/// Bytes as nobody sends them. A seed that fails is printed as the test's argument.
@Suite struct BinanceFuzzTests {
    static let seeds: [UInt64] = [1, 2, 20_261_126]

    static let frames = [
        BinancePublicStreamTests.depth(101, 102), BinancePublicStreamTests.depth(103, 9_223_372_036_854_775_807),
        #"{"e":"trade","E":8,"s":"BTCUSDT","t":12345,"p":"100.5","q":"2","T":7,"m":true,"M":true}"#,
        #"{"u":4,"s":"BTCUSDT","b":"25.3","B":"31.2","a":"26.1","A":"0.5"}"#,
        #"{"e":"kline","E":1,"s":"BTCUSDT","k":{"t":60000,"i":"1m","o":"1","c":"2","h":"3","l":"0.5","v":"10"}}"#,
        BinancePrivateStreamTests.report(), BinancePrivateStreamTests.report(x: "TRADE", state: "FILLED"),
        #"{"subscriptionId":0,"event":{"e":"balanceUpdate","E":5,"a":"USDT","d":"-3.5","T":4}}"#,
        #"{"subscriptionId":0,"event":{"e":"outboundAccountPosition","E":1,"B":[{"a":"USDT","f":"10","l":"2"}]}}"#,
        #"{"id":"1","status":400,"error":{"code":-1021,"msg":"x"}}"#, #"{"result":null,"id":1}"#,
    ]

    static let answers = [
        #"{"lastUpdateId":9223372036854775807,"bids":[["42574.3","0.01"]],"asks":[["42574.31","0.0087"]]}"#,
        #"[{"symbol":"BTCUSDT","orderId":1,"clientOrderId":"a","price":"0.1","origQty":"1.0","executedQty":"0.5","cummulativeQuoteQty":"0.05","status":"NEW","timeInForce":"GTC","type":"LIMIT","side":"BUY","stopPrice":"0.0","time":1,"updateTime":2,"fills":[{"price":"1","qty":"2","commission":"3","commissionAsset":"BNB","tradeId":4}]}]"#,
        #"[{"id":"a7","amount":"51","transactionFee":"1","coin":"USDT","status":6,"applyTime":"2021-04-13 12:46:59","network":"TRX","transferType":0}]"#,
        #"[{"symbol":"BTCUSDT","priceChange":"-306.15","priceChangePercent":"-0.258","openPrice":"118696.59","lastPrice":"118390.44","volume":"14560.2","quoteVolume":"1723237251.7","closeTime":1753789176708}]"#,
        #"[[1,"0.1","0.2","0.1","0.2","5",2,"1",3,"1","1","0"]]"#,
        #"{"code":-2021,"msg":"x","data":{"cancelResult":"SUCCESS","newOrderResponse":{"code":-2010,"msg":"y"}}}"#,
    ]

    /// A few bytes changed, cut, doubled or replaced by an absurd number.
    static func spoiled(_ text: String, _ random: inout SplitMix64) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0...Int(random.below(3)) {
            guard !bytes.isEmpty else { return bytes }
            let place = Int(random.below(UInt64(bytes.count)))
            switch random.below(6) {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes = Array(bytes[..<place])
            case 2: bytes.remove(at: place)
            case 3: bytes.insert(contentsOf: bytes[place...].prefix(20), at: place)
            case 4: bytes.insert(contentsOf: "99999999999999999999999999999999999999".utf8, at: place)
            default: bytes.insert(contentsOf: #"{"a":[-1e999,null,"\ud800"]}"#.utf8, at: place)
            }
        }
        return bytes
    }

    @Test(arguments: seeds)
    func `no frame brings a session down, and no level below zero comes out`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let btc = BinanceBench.btc
        for _ in 0..<300 {
            var sessions: [any StreamSession] = [
                try BinanceBench.dialect.publicStream([.book(btc), .trades(btc), .bestPrices(btc)]),
                try BinanceBench.dialect.privateStream(token: nil),
            ]
            for _ in 0..<20 {
                let frame = Self.spoiled(Self.frames[Int(random.below(UInt64(Self.frames.count)))], &random)
                for index in sessions.indices {
                    var effects: [StreamEffect] = []
                    frame.withUnsafeBytes { sessions[index].received($0, isBinary: false, now: 1, into: &effects) }
                    if !effects.fetchedSymbols.isEmpty {
                        let book = ExchangeBook(
                            symbol: btc, bids: [], asks: [], sequence: Int64(bitPattern: random.next() >> 1))
                        sessions[index].fetched(.success(book), btc, now: 1, into: &effects)
                    }
                    for case .bookChange(let change) in effects.events {
                        #expect((change.bids + change.asks).allSatisfy { $0.price.isPositive && !$0.amount.isNegative })
                    }
                }
            }
        }
    }

    @Test(arguments: seeds)
    func `no answer brings a call down: it is read, or refused with a type`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let dialect = BinanceBench.dialect
        let query = HistoryQuery(symbol: BinanceBench.btc)
        let book = try dialect.book(BinanceBench.btc, limit: nil, [])
        let orders = try dialect.orders(query)
        let transfers = try dialect.withdrawals(HistoryQuery())
        let tickers = try dialect.tickers(nil, [])
        let candles = try dialect.candles(query, .oneMinute)
        for _ in 0..<3_000 {
            let body = Self.spoiled(Self.answers[Int(random.below(UInt64(Self.answers.count)))], &random)
            let answer = EndpointAnswer(status: random.below(4) == 0 ? 400 : 200, body: body)
            _ = Result { try book.answer(in: answer, dialect) }
            _ = Result { try orders.answer(in: answer, dialect) }
            _ = Result { try transfers.answer(in: answer, dialect) }
            _ = Result { try tickers.answer(in: answer, dialect) }
            _ = Result { try candles.answer(in: answer, dialect) }
        }
    }
}
