import Testing
import TradingCore

@Suite("Order status")
struct OrderStatusTests {
    /// What may follow what, and why. Written from what exchanges do, not from the code; nil is impossible.
    static let rows: [(from: OrderStatus, update: OrderUpdate, to: OrderStatus?, why: String)] = [
        (.pending, .accepted, .open, "the answer to the placing"),
        (.pending, .rejected, .rejected, "the answer to the placing"),
        (.pending, .outcomeLost, .unknown, "it may rest or not; only the exchange can say"),
        (.pending, .cancelSent, .cancelling, "a cancel need not wait for the answer"),
        (.pending, .cancelRefused, nil, "no cancel was sent"),
        (.pending, .partlyFilled, .open, "the fill overtook the acceptance"),
        (.pending, .filled, .filled, "the fill overtook the acceptance"),
        (.pending, .cancelled, .cancelled, "cancelled by hand or by another connection"),
        (.pending, .expired, .expired, "an IOC's end overtook the acceptance"),
        (.pending, .neverExisted, .rejected, "the placing got lost on the way"),

        (.unknown, .accepted, .open, "the exchange says that it rests"),
        (.unknown, .rejected, .rejected, "the exchange says that it was refused"),
        (.unknown, .outcomeLost, .unknown, "asking got lost as well"),
        (.unknown, .cancelSent, .cancelling, "cancelled to be safe"),
        (.unknown, .cancelRefused, nil, "no cancel was sent"),
        (.unknown, .partlyFilled, .open, "a fill proves it"),
        (.unknown, .filled, .filled, "a fill proves it"),
        (.unknown, .cancelled, .cancelled, "the exchange's word"),
        (.unknown, .expired, .expired, "the exchange's word"),
        (.unknown, .neverExisted, .rejected, "the exchange's word"),

        (.open, .accepted, .open, "told twice, by answer and by stream"),
        (.open, .rejected, nil, "it rests: it cannot have been refused"),
        (.open, .outcomeLost, .open, "the stream told before the placing timed out"),
        (.open, .cancelSent, .cancelling, "the ordinary way out"),
        (.open, .cancelRefused, .open, "a late second refusal"),
        (.open, .partlyFilled, .open, "the rest goes on"),
        (.open, .filled, .filled, "the ordinary end"),
        (.open, .cancelled, .cancelled, "cancelled by hand or by the exchange"),
        (.open, .expired, .expired, "self-trade prevention or a halt"),
        (.open, .neverExisted, nil, "it was seen"),

        (.cancelling, .accepted, .cancelling, "the placing's answer comes after the cancel went out"),
        (.cancelling, .rejected, .rejected, "the placing's answer comes after the cancel went out"),
        (.cancelling, .outcomeLost, .cancelling, "the cancel's answer will tell"),
        (.cancelling, .cancelSent, .cancelling, "sent again"),
        (.cancelling, .cancelRefused, .open, "it still rests"),
        (.cancelling, .partlyFilled, .cancelling, "filled while the cancel travels"),
        (.cancelling, .filled, .filled, "filled while the cancel travels"),
        (.cancelling, .cancelled, .cancelled, "done"),
        (.cancelling, .expired, .expired, "the exchange was first"),
        (.cancelling, .neverExisted, .rejected, "the placing got lost on the way"),

        (.filled, .accepted, .filled, "the acceptance comes after the fill"),
        (.filled, .rejected, nil, "it traded: it cannot have been refused"),
        (.filled, .outcomeLost, .filled, "the stream told before the placing timed out"),
        (.filled, .cancelSent, nil, "we do not cancel what we know to have ended"),
        (.filled, .cancelRefused, .filled, "the cancel lost the race"),
        (.filled, .partlyFilled, nil, "nothing was left to fill"),
        (.filled, .filled, nil, "nothing was left to fill"),
        (.filled, .cancelled, nil, "nothing was left to cancel"),
        (.filled, .expired, nil, "nothing was left to expire"),
        (.filled, .neverExisted, nil, "it traded"),

        (.cancelled, .accepted, .cancelled, "the acceptance comes after the cancellation"),
        (.cancelled, .rejected, nil, "it existed"),
        (.cancelled, .outcomeLost, .cancelled, "the stream told before the placing timed out"),
        (.cancelled, .cancelSent, nil, "we do not cancel what we know to have ended"),
        (.cancelled, .cancelRefused, .cancelled, "of two cancels one won"),
        (.cancelled, .partlyFilled, .cancelled, "a fill that raced with the cancellation is told late"),
        (.cancelled, .filled, .filled, "the fill won and is told late"),
        (.cancelled, .cancelled, .cancelled, "told twice, by answer and by stream"),
        (.cancelled, .expired, nil, "it ended otherwise"),
        (.cancelled, .neverExisted, nil, "it existed"),

        (.rejected, .accepted, nil, "it was refused"),
        (.rejected, .rejected, .rejected, "told twice, by answer and by stream"),
        (.rejected, .outcomeLost, nil, "the outcome is known"),
        (.rejected, .cancelSent, nil, "we do not cancel what we know to have ended"),
        (.rejected, .cancelRefused, nil, "it never rested"),
        (.rejected, .partlyFilled, nil, "it never existed"),
        (.rejected, .filled, nil, "it never existed"),
        (.rejected, .cancelled, nil, "it never existed"),
        (.rejected, .expired, nil, "it never existed"),
        (.rejected, .neverExisted, .rejected, "the exchange agrees"),

        (.expired, .accepted, .expired, "the acceptance comes after the end of an IOC"),
        (.expired, .rejected, nil, "it existed"),
        (.expired, .outcomeLost, .expired, "the stream told before the placing timed out"),
        (.expired, .cancelSent, nil, "we do not cancel what we know to have ended"),
        (.expired, .cancelRefused, .expired, "the cancel lost the race"),
        (.expired, .partlyFilled, .expired, "an IOC's fill is told after its end"),
        (.expired, .filled, .filled, "the fill is told late, and was the whole of it"),
        (.expired, .cancelled, nil, "it ended otherwise"),
        (.expired, .expired, .expired, "told twice, by answer and by stream"),
        (.expired, .neverExisted, nil, "it existed"),
    ]

    @Test("each update leads where exchanges lead it")
    func transitions() {
        for row in Self.rows {
            #expect(row.from.after(row.update) == row.to, "\(row.from), \(row.update): \(row.why)")
        }
    }

    @Test("the table above says something about every pair, once")
    func complete() {
        let pairs = Set(Self.rows.map { [$0.from.rawValue, $0.update.rawValue] })
        #expect(pairs.count == OrderStatus.allCases.count * OrderUpdate.allCases.count)
        #expect(Self.rows.count == pairs.count)
    }

    @Test("what has ended never lives again", arguments: OrderStatus.allCases.filter(\.isFinal), OrderUpdate.allCases)
    func finalStaysFinal(status: OrderStatus, update: OrderUpdate) {
        #expect(status.after(update)?.isFinal ?? true)
    }

    @Test("four statuses are ends")
    func finals() {
        #expect(OrderStatus.allCases.filter(\.isFinal) == [.filled, .cancelled, .rejected, .expired])
    }

    @Test("the same word twice changes nothing the second time", arguments: OrderStatus.allCases, OrderUpdate.allCases)
    func idempotent(status: OrderStatus, update: OrderUpdate) {
        guard let once = status.after(update), let twice = once.after(update) else { return }
        #expect(twice == once)
    }
}
