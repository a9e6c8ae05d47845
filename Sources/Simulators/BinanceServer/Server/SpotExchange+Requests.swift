import Scheduling
import TradingCore

/// From a request to its answer.
extension SpotExchange {
    /// Answers a request: limits, misbehaviour, security, then the matter itself.
    func answer(_ call: SpotCall) async -> SpotReply {
        let reply = await decide(call)
        note(call.operation, reply)
        return reply
    }

    private func decide(_ call: SpotCall) async -> SpotReply {
        var reply = SpotReply()
        let name = call.operation.rawValue
        let account = (try? caller(of: call))?.account
        do throws(SpotError) {
            let weight = call.operation.weight(call.text.parameters, symbols: core.markets.count)
            reply.usedWeight = try limits.charge(weight, to: call.address, at: time.now())
        } catch {
            reply.usedWeight = limits.usedWeight(of: call.address, at: time.now())
            reply.fail(error)
            return reply
        }
        let fate = RequestFate(faults.strike(on: name, account: account) { $0.isOfRequests })
        if let seconds = fate.ban {
            reply.fail(limits.ban(call.address, seconds: seconds, at: time.now()))
            return reply
        }
        if fate.isLimit {
            reply.fail(.tooMuchWeight(limit: limits.configuration.weight, retryAfter: 1))
            return reply
        }
        if fate.before > 0 { await pause(fate.before) }
        if fate.acts { await act(call, fate, into: &reply) }
        if fate.after > 0 { await pause(fate.after) }
        if let error = fate.error { reply.fail(error) }
        reply.hangsUp = fate.hangsUp
        return reply
    }

    private func pause(_ milliseconds: Int64) async {
        try? await time.sleep(until: time.now().advanced(byNanoseconds: Nanoseconds.milliseconds(milliseconds)))
    }

    private func act(_ call: SpotCall, _ fate: RequestFate, into reply: inout SpotReply) async {
        // An order counts to the stretch in which it came, however long it takes to store.
        let arrival = time.now()
        do throws(SpotError) {
            var reader = ParameterReader(call.text.parameters)
            let asker = try identify(call, &reader)
            if call.connection != nil { reader.skip("apiKey", "returnRateLimits") }
            // Some clients sign everything.
            if call.operation.security != .signed { reader.skip("timestamp", "recvWindow") }
            if call.operation.countsAsOrder, !call.cancelsAnyway, let asker {
                try limits.checkOrder(asker.account, at: time.now())
            }
            let renderer = SpotRenderer(unit: call.unit)
            if let asker {
                let request = AccountRequest(
                    account: asker.account, key: asker.key, arrival: arrival, renderer: renderer, fate: fate,
                    connection: call.connection)
                reply.body = try await answer(call.operation, request, &reader)
            } else {
                reply.body = try answer(call.operation, renderer, &reader, call.connection)
            }
            noteOrderCounts(call, asker, arrival, &reply)
        } catch {
            reply.fail(error)
            noteOrderCounts(call, try? caller(of: call), arrival, &reply)
        }
    }

    /// Whose request it is: by the key it names, or by its connection's session.
    private func caller(of call: SpotCall) throws(SpotError) -> SpotSecurity.Caller {
        if goesBySession(call), let session = session(of: call) { return session.caller }
        return try security.caller(key: call.key)
    }

    /// Who logs on has to show a key, whoever was logged on before.
    private func goesBySession(_ call: SpotCall) -> Bool {
        call.key == nil && call.operation != .logon && session(of: call) != nil
    }

    private func session(of call: SpotCall) -> StreamHub.Session? {
        call.connection.flatMap { hub.listeners[$0]?.session }
    }

    /// - Returns: nil where it does not matter who asks.
    private func identify(
        _ call: SpotCall, _ reader: inout ParameterReader
    ) throws(SpotError) -> SpotSecurity.Caller? {
        guard call.operation.security != .open else { return nil }
        let caller = try caller(of: call)
        guard caller.key.permissions.allow(call.operation.need, from: call.address) else { throw .unknownKey }
        if call.operation.security == .signed {
            try security.check(caller, call.text, &reader, now: time.now(), isSessions: goesBySession(call))
        }
        return caller
    }

    private func noteOrderCounts(
        _ call: SpotCall, _ asker: SpotSecurity.Caller?, _ arrival: Timestamp, _ reply: inout SpotReply
    ) {
        guard call.operation.countsAsOrder, let asker, ![-1022, -2015].contains(reply.error?.code) else { return }
        reply.orderCounts = limits.orderCounts(asker.account, at: arrival)
    }

    /// A request of somebody whose key, and signature where one is needed, have been checked.
    struct AccountRequest {
        var account: String
        var key: SpotKey
        var arrival: Timestamp
        var renderer: SpotRenderer
        var fate: RequestFate
        var connection: Int?
    }

    private func answer(
        _ operation: SpotOperation, _ request: AccountRequest, _ reader: inout ParameterReader
    ) async throws(SpotError) -> JSON {
        switch operation {
        case .place: return try await place(request, &reader)
        case .test: return try test(request, &reader)
        case .cancel: return try await cancel(request, &reader)
        case .cancelAll: return try await cancelAll(request, &reader)
        case .replace: return try await replace(request, &reader)
        case .amend: return try await amend(request, &reader)
        case .query: return try query(request, &reader)
        case .openOrders: return try openOrders(request, &reader)
        case .allOrders: return try allOrders(request, &reader)
        case .account: return try account(request, &reader)
        case .ownTrades: return try ownTrades(request, &reader)
        case .preventedMatches: return try preventedMatches(request, &reader)
        case .commission: return try commission(request, &reader)
        case .orderLimits:
            try reader.finish()
            return limits.orderJSON(request.account, at: time.now())
        case .subscribeAccount: return try subscribe(request, &reader)
        case .startListenKey, .extendListenKey, .closeListenKey: return try listenKey(operation, request, &reader)
        case .tradeFees: return try tradeFees(&reader)
        case .restrictions: return try restrictions(request, &reader)
        case .currencies, .marginPairs, .isolatedPairs:
            reader.skip("symbols")
            try reader.finish()
            return []
        case .logon: return try logon(request, &reader)
        default: throw .badCombination
        }
    }
}
