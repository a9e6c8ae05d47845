import Exchanges
import TradingCore

/// One connection of one exchange, fed with frames that lie in memory.
struct Replay {
    struct Outcome {
        var seconds = Double.infinity
        var events = 0
        var levels = 0
        var bestBid: PriceLevel?
        var bestAsk: PriceLevel?
    }

    let dialect: any ExchangeDialect
    let file: FrameFile

    /// Feeds all frames.
    /// - Parameters:
    ///   - keepsBook: whether a book is kept of what is told, as a consumer does.
    /// - Returns: nil when a frame was not understood.
    func run(keepsBook: Bool) throws -> Outcome? {
        var session = try dialect.publicStream([.book(Dialects.symbol), .trades(Dialects.symbol)], token: token)
        return try run(&session, keepsBook)
    }

    private var token: StreamToken? {
        dialect.streamToken(isPrivate: false).map { _ in StreamToken(token: Secret("t"), endpoint: "wss://localhost") }
    }

    private func run(_ session: inout some StreamSession, _ keepsBook: Bool) throws -> Outcome? {
        let now: Int64 = 1_790_000_000_000
        var effects: [StreamEffect] = []
        var book = DepthBook()
        session.opened(SigningContext(credentials: nil, now: now), into: &effects)
        for frame in file.prologue {
            frame.withUnsafeBytes { session.received($0, isBinary: false, now: now, into: &effects) }
        }
        guard take(&effects, &session, &book, now) else { return nil }
        var outcome = Outcome()
        let start = cpuSeconds()
        let isWhole = file.bytes.withUnsafeBytes { bytes in
            for frame in file.frames {
                session.received(
                    UnsafeRawBufferPointer(rebasing: bytes[frame]), isBinary: file.isBinary, now: now, into: &effects)
                for effect in effects {
                    switch effect {
                    case .event(.bookChange(let change)):
                        if keepsBook { book.apply(change) }
                        outcome.events += 1
                        outcome.levels += change.bids.count + change.asks.count
                    case .event(.trade): outcome.events += 1
                    default:
                        guard takeRare(effect, &session, &book, now) else { return false }
                    }
                }
                effects.removeAll(keepingCapacity: true)
            }
            return true
        }
        outcome.seconds = cpuSeconds() - start
        outcome.bestBid = book.bids.first
        outcome.bestAsk = book.asks.first
        return isWhole && outcome.events > file.frames.count * 9 / 10 ? outcome : nil
    }

    private func take(
        _ effects: inout [StreamEffect], _ session: inout some StreamSession, _ book: inout DepthBook, _ now: Int64
    ) -> Bool {
        defer { effects.removeAll(keepingCapacity: true) }
        for effect in effects where !takeRare(effect, &session, &book, now) { return false }
        return true
    }

    /// - Returns: false for what must not happen here.
    private func takeRare(
        _ effect: StreamEffect, _ session: inout some StreamSession, _ book: inout DepthBook, _ now: Int64
    ) -> Bool {
        switch effect {
        case .event(.book(let whole)): book = DepthBook(whole)
        case .event(.bookLost(_, let failure)), .reconnect(let failure):
            print("{\"error\":\"\(dialect.id.rawValue): \(failure)\"}")
            return false
        case .event(.unexplained(let text)):
            print("{\"error\":\"\(dialect.id.rawValue) did not understand \(text.prefix(80).filter { $0 != "\"" })\"}")
            return false
        case .fetchBook(let symbol, let call):
            var answers: [StreamEffect] = []
            let answer = EndpointAnswer(status: 200, body: file.book ?? [])
            let outcome = Result { () throws(ExchangeFailure) in try call.answer(in: answer, dialect) }
            if case .failure(let failure) = outcome { print("{\"error\":\"\(failure)\"}") }
            session.fetched(outcome, symbol, now: now, into: &answers)
            for answer in answers {
                if case .event(.bookChange(let change)) = answer {
                    book.apply(change)
                } else if !takeRare(answer, &session, &book, now) {
                    return false
                }
            }
        case .event, .send: break
        }
        return true
    }
}
