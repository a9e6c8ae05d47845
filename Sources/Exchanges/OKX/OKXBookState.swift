import TradingCore

/// One instrument's book as a state machine: *waiting* for a snapshot, then *synced* as long as every change names the
/// number of the one before. A hole leads back to waiting, and the channel has to be subscribed anew.
/// Source: www.okx.com/docs-v5, "WS / Order book channel", "Sequence ID".
struct OKXBookState: Sendable {
    enum Outcome: Sendable {
        /// Nothing to tell: a change before the snapshot.
        case nothing
        case event(StreamEvent)
        /// The book is lost, for this reason.
        case lost(ExchangeFailure)
    }

    let symbol: Symbol
    /// The number of the newest state; nil while waiting, and with servers that send none.
    private(set) var last: Int64?
    private(set) var isSynced = false
    /// Kept where checksums are sent.
    private var checked: DepthBook?

    init(_ symbol: Symbol) {
        self.symbol = symbol
    }

    mutating func received(_ frame: OKXBookFrame, isSnapshot: Bool) -> Outcome {
        isSnapshot ? snapshot(frame) : update(frame)
    }

    mutating func lose() {
        last = nil
        isSynced = false
        checked = nil
    }

    private mutating func snapshot(_ frame: OKXBookFrame) -> Outcome {
        let book = frame.whole(symbol)
        if frame.checksum != 0 {
            let fresh = DepthBook(book)
            guard OKXChecksum.value(fresh) == frame.checksum else { return mismatch(frame) }
            checked = fresh
        } else {
            checked = nil
        }
        last = frame.sequence
        isSynced = true
        return .event(.book(book))
    }

    private mutating func update(_ frame: OKXBookFrame) -> Outcome {
        guard isSynced else { return .nothing }
        if let last {
            // After maintenance the number may be smaller than the one it follows.
            guard frame.previous == last, let sequence = frame.sequence else {
                let found = frame.previous.map { String($0) } ?? "none"
                return lost(.invalidNonce, "expected a change after \(last), found one after \(found)")
            }
            self.last = sequence
        } else if checked == nil {
            return lost(.badResponse, "a change without a number or a checksum")
        }
        let change = BookChange(
            symbol: symbol, bids: frame.bids, asks: frame.asks, time: frame.time, sequence: frame.sequence)
        if checked != nil {
            checked?.apply(change)
            if frame.checksum != 0, let checked, OKXChecksum.value(checked) != frame.checksum {
                return mismatch(frame)
            }
        }
        return .event(.bookChange(change))
    }

    private mutating func mismatch(_ frame: OKXBookFrame) -> Outcome {
        lost(.checksumError, "the book does not have the checksum \(frame.checksum)")
    }

    private mutating func lost(_ kind: ExchangeFailure.Kind, _ message: String) -> Outcome {
        lose()
        return .lost(ExchangeFailure(kind, exchange: "okx", endpoint: "books", message: message))
    }
}

extension OKXBookFrame {
    func whole(_ symbol: Symbol) -> ExchangeBook {
        ExchangeBook(
            symbol: symbol, bids: bids.filter { !$0.amount.isZero }, asks: asks.filter { !$0.amount.isZero },
            time: time, sequence: sequence)
    }
}
