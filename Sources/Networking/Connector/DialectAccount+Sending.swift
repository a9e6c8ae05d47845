public import Exchanges
import Execution
import Logging
import Synchronization
public import TradingCore

/// Requests leave at once; what becomes of them comes as events.
extension DialectAccount {
    public func send(_ request: AccountRequest, _ symbol: Symbol) {
        switch request {
        case .place(let approved): place(approved.value, symbol)
        case .cancel(let id): cancel(id, symbol)
        case .query(let id):
            state.withLock { $0.tracker.note(id, symbol) }
            look(for: id, symbol)
        }
    }

    // MARK: - Placing

    private func place(_ request: OrderRequest, _ symbol: Symbol) {
        let id = request.id
        let dialect = self.dialect
        guard isUsable, let instrument = venue.known(symbol), let text = dialect.clientOrderID(id) else {
            // It never left; whoever asks again at once is told the same.
            tell(symbol) { _ in [.rejected(id, .unavailable)] }
            return
        }
        let placement = OrderTranslation.placement(request, instrument, clientOrderID: text)
        let departure = Departure()
        let lane = state.withLock { state in
            state.tracker.placing(id, placement, at: venue.exchangeNow)
            state.departures[id] = (departure, symbol)
            return state.lane
        }
        let isAdded = lane.add(isCancel: false) {
            await self.perform(placement, id, symbol, departure)
            _ = self.state.withLock { $0.departures.removeValue(forKey: id) }
        }
        if !isAdded { _ = withdraw(id, symbol, telling: .rejected(id, .unavailable)) }
    }

    private func perform(
        _ placement: OrderPlacement, _ id: ClientOrderID, _ symbol: Symbol, _ departure: Departure
    ) async {
        if departure.isWithdrawn { return }
        guard let client = state.withLock({ $0.client }) else { return neverLeft(id, symbol) }
        let dialect = self.dialect
        if let violation = OrderTranslation.change(of: placement, by: dialect.catalog.market(symbol)) {
            return refused(violation, id, symbol)
        }
        let call: EndpointCall<ExchangeOrder>
        do { call = try dialect.place(placement) } catch { return refused(error, id, symbol) }
        let sentAt = venue.now
        do throws(CallFailure) {
            var order = try await client.perform(call, within: venue.pace.request, departure: departure)
            guard isAnswer(order, to: placement, id) else {
                venue.logger.error("\(venue.id)/\(label): order \(id) was answered with another: \(order)")
                return unanswered(
                    id, symbol, AcceptanceRule(timestamp: venue.exchangeNow, window: acceptanceWindow))
            }
            order.symbol = symbol
            let answer = order
            tell(symbol) { $0.heard(answer, id, at: venue.exchangeNow) }
            streamOwesWord(on: id, since: sentAt)
            lookForFills(id, symbol)
            confirmEnd(of: id, symbol)
        } catch {
            // Whoever withdrew it has told of it.
            if departure.isWithdrawn { return }
            noteClock(error.failure)
            switch error {
            case .notCarriedOut(let failure): refused(failure, id, symbol)
            case .unknown(let failure, let timestamp, let window):
                venue.logger.warning("\(venue.id)/\(label): order \(id): \(failure)")
                unanswered(id, symbol, AcceptanceRule(timestamp: timestamp, window: max(window, acceptanceWindow)))
            }
        }
    }

    /// Whether what was answered can be the order that was placed: what an answer does not tell speaks for nothing and against nothing.
    private func isAnswer(_ order: ExchangeOrder, to placement: OrderPlacement, _ id: ClientOrderID) -> Bool {
        if let text = order.clientOrderID, text != placement.clientOrderID, dialect.clientOrderID(text) != id {
            return false
        }
        return order.side == nil || order.side == placement.side
    }

    private func refused(_ failure: ExchangeFailure, _ id: ClientOrderID, _ symbol: Symbol) {
        // An id is sent once: somebody on the way has sent it again, and the first one counts.
        if failure.tellsOfDuplicate {
            return unanswered(id, symbol, AcceptanceRule(timestamp: venue.exchangeNow, window: acceptanceWindow))
        }
        if failure.isForItsTime || failure.status == nil && failure.isOutcomeUnknown { return neverLeft(id, symbol) }
        let reason = OrderTranslation.rejection(failure)
        // Of a refusal without a name of ours its words are all that anybody can go by.
        venue.logger.log(level: reason == .other ? .notice : .info, "\(venue.id)/\(label): order \(id): \(failure)")
        tell(symbol) { tracker in
            guard tracker.orders[id]?.isAcknowledged != true else { return [] }
            tracker.neverWas(id)
            return [.rejected(id, reason)]
        }
    }

    /// By the rules that the exchange has told since the order was decided: what would be sent is not what is stored, judged and reserved for.
    private func refused(_ violation: RuleViolation, _ id: ClientOrderID, _ symbol: Symbol) {
        venue.logger.notice(
            "\(venue.id)/\(label): order \(id) does not keep the exchange's new \(violation.filterName): not sent")
        tell(symbol) { tracker in
            tracker.neverWas(id)
            return [.rejected(id, .rule(violation))]
        }
    }

    private func neverLeft(_ id: ClientOrderID, _ symbol: Symbol) {
        tell(symbol) { tracker in
            tracker.neverWas(id)
            return [.rejected(id, .unavailable)]
        }
    }

    private func unanswered(_ id: ClientOrderID, _ symbol: Symbol, _ rule: AcceptanceRule) {
        tell(symbol) { tracker in
            // The stream may have told of it already.
            guard tracker.orders[id]?.isAcknowledged == false else { return [] }
            tracker.unanswered(id, rule)
            return [.outcomeUnknown(id)]
        }
        look(for: id, symbol)
    }

    // MARK: - Cancelling

    private func cancel(_ id: ClientOrderID, _ symbol: Symbol) {
        if withdraw(id, symbol, telling: .notFound(id)) { return }
        let lane = state.withLock { state in
            state.tracker.note(id, symbol)
            return state.client == nil ? nil : state.lane
        }
        guard let lane else {
            tell(symbol) { _ in [.cancelRejected(id, .refused)] }
            return
        }
        lane.add(isCancel: true) { await self.performCancel(id, symbol) }
    }

    /// Takes back a placement that waits for its turn: after a halt nothing may leave that was wanted before it.
    /// - Returns: false when it has left, or is none.
    private func withdraw(_ id: ClientOrderID, _ symbol: Symbol, telling event: AccountEvent) -> Bool {
        guard let departure = state.withLock({ $0.departures[id]?.departure }), departure.withdraw() else {
            return false
        }
        tell(symbol) { tracker in
            tracker.neverWas(id)
            return [event]
        }
        return true
    }

    /// The same for all that wait, when there is nothing left to send them with.
    func withdrawAll() {
        let waiting = state.withLock { $0.departures.mapValues { $0.symbol } }
        for (id, symbol) in waiting.sorted(by: { $0.key < $1.key }) {
            _ = withdraw(id, symbol, telling: .rejected(id, .unavailable))
        }
    }

    private func performCancel(_ id: ClientOrderID, _ symbol: Symbol) async {
        guard let client = state.withLock({ $0.client }) else { return }
        let call: EndpointCall<ExchangeOrder>
        do throws(ExchangeFailure) {
            call = try await cancelCall(id, symbol)
        } catch { return cancelFailed(error, id, symbol) }
        do throws(CallFailure) {
            var order = try await client.perform(call, .cancel, within: venue.pace.request)
            order.symbol = symbol
            let answer = order
            // Where the answer only says that the cancel was taken, the order's end comes by the stream, or by a look.
            tell(symbol) { $0.heard(answer, id, at: venue.exchangeNow) }
            lookForFills(id, symbol)
            if state.withLock({ $0.tracker.orders[id]?.end }) == nil { lookLater(for: id, symbol) }
            confirmEnd(of: id, symbol)
        } catch {
            noteClock(error.failure)
            switch error {
            case .notCarriedOut(let failure): cancelFailed(failure, id, symbol)
            case .unknown(let failure, _, _):
                venue.logger.warning("\(venue.id)/\(label): cancel of \(id): \(failure)")
                tell(symbol) { _ in [.outcomeUnknown(id)] }
            }
        }
    }

    private func cancelCall(
        _ id: ClientOrderID, _ symbol: Symbol
    ) async throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        do { return try dialect.cancel(reference(id, symbol)) } catch {
            // Some exchanges find an order only with what they told of it themselves.
            guard error.kind == .argumentsRequired else { throw error }
        }
        let found = try await find(id, symbol)
        tell(symbol) { $0.heard(found, id, at: venue.exchangeNow) }
        return try dialect.cancel(reference(id, symbol))
    }

    /// A failed cancel frees nothing: the order's status has to be known first.
    private func cancelFailed(_ failure: ExchangeFailure, _ id: ClientOrderID, _ symbol: Symbol) {
        let isAboutTheOrder = failure.kind.is(.invalidOrder)
        tell(symbol) { tracker in
            // The end was told while the cancel was under way.
            if tracker.orders[id]?.isEndTold == true { return [] }
            return [.cancelRejected(id, isAboutTheOrder ? .unknownOrder : .refused)]
        }
    }

    /// A request that was refused for its time means that one of the clocks was set.
    func noteClock(_ failure: ExchangeFailure) {
        if failure.kind == .invalidNonce || failure.isForItsTime { spawn { await self.venue.measureClock() } }
    }
}
