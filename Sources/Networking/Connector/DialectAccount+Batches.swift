import Exchanges
import Execution
import Logging
import Synchronization
public import TradingCore

/// Many cancels at once, as when a session is halted: where the exchange takes several in a request they are counted on it by
/// another limit (OKX), or as one (Bitfinex, Gate), and do not wait for each other.
extension DialectAccount {
    /// Fewer go side by side, each in a request of its own: none of them waits for the word on another. Where requests go one at a
    /// time any two are better together.
    private var fewestTogether: Int { venue.abilities.hasOrderedNonces ? 2 : 8 }

    public func cancel(_ ids: [ClientOrderID], _ symbol: Symbol) {
        let most = venue.abilities.cancelBatch
        // One whose exchange id is not known yet may have to be found first.
        let (lane, known) = state.withLock { state in
            (state.client == nil ? nil : state.lane, ids.filter { state.tracker.orders[$0]?.exchangeID != nil })
        }
        guard let lane, most > 1, known.count >= fewestTogether else {
            for id in ids { send(.cancel(id), symbol) }
            return
        }
        let together = Set(known)
        for id in ids where !together.contains(id) { send(.cancel(id), symbol) }
        for start in stride(from: 0, to: known.count, by: most) {
            let part = Array(known[start..<min(start + most, known.count)])
            lane.add(isCancel: true) { await self.performCancels(part, symbol) }
        }
    }

    private func performCancels(_ ids: [ClientOrderID], _ symbol: Symbol) async {
        guard let client = state.withLock({ $0.client }) else { return }
        let references = ids.map { reference($0, symbol) }
        func singly() { for id in ids { send(.cancel(id), symbol) } }
        let call: EndpointCall<[ExchangeOrder]>
        do { call = try dialect.cancel(references, symbol) } catch { return singly() }
        do throws(CallFailure) {
            let answers = try await client.perform(call, .cancel, within: venue.pace.request)
            for (id, reference) in zip(ids, references) {
                take(answers.first { $0.id == reference.id }, of: id, symbol)
            }
        } catch {
            noteClock(error.failure)
            venue.logger.warning("\(venue.id)/\(label): cancel of \(ids.count) orders: \(error.failure)")
            // Refused as a whole, one of them may be to blame: each gets its own answer. A key is no order's fault.
            if case .notCarriedOut(let failure) = error {
                if failure.keyCauses.isEmpty { return singly() }
                return _ = tell(symbol) { _ in ids.map { .cancelRejected($0, .refused) } }
            }
            tell(symbol) { _ in ids.map { .outcomeUnknown($0) } }
        }
    }

    /// - Parameter answer: the part of the exchange's answer that is about one order; nil: nothing is.
    private func take(_ answer: ExchangeOrder?, of id: ClientOrderID, _ symbol: Symbol) {
        guard var order = answer else {
            tell(symbol) { _ in [.outcomeUnknown(id)] }
            return
        }
        guard order.reason == nil else {
            // Whether it is gone or rests is told in words alone: only its status says it.
            tell(symbol) { $0.orders[id]?.isEndTold == true ? [] : [.cancelRejected(id, .unknownOrder)] }
            return
        }
        order.symbol = symbol
        // Without what it has traded an end is not the last word on it.
        if order.filled == nil { order.status = nil }
        let told = order
        tell(symbol) { $0.heard(told, id, at: venue.exchangeNow) }
        lookForFills(id, symbol)
        if state.withLock({ $0.tracker.orders[id]?.end }) == nil { lookLater(for: id, symbol) }
        confirmEnd(of: id, symbol)
    }
}
