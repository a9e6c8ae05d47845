import Scheduling
import TradingCore

/// From a request to its answer.
extension SpotExchange {
    /// Answers a request: limits, misbehaviour, security, then the matter itself.
    func answer(_ call: SpotCall) async -> SpotReply {
        var reply = SpotReply()
        let name = call.operation.rawValue
        let account = call.key.flatMap { try? security.account(key: $0).name }
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
            var asker: SpotAccount?
            switch call.operation.security {
            case .open: break
            case .key: asker = try security.account(key: call.key)
            case .signed: asker = try security.check(key: call.key, call.text, &reader, now: time.now())
            }
            if call.connection != nil { reader.skip("apiKey", "returnRateLimits") }
            // Some clients sign everything.
            if call.operation.security != .signed { reader.skip("timestamp", "recvWindow") }
            if call.operation.countsAsOrder, let asker { try limits.checkOrder(asker.name, at: time.now()) }
            let renderer = SpotRenderer(unit: call.unit)
            if let asker {
                let request = AccountRequest(
                    account: asker.name, arrival: arrival, renderer: renderer, fate: fate,
                    connection: call.connection)
                reply.body = try await answer(call.operation, request, &reader)
            } else {
                reply.body = try answer(call.operation, renderer, &reader, call.connection)
            }
            noteOrderCounts(call, asker, arrival, &reply)
        } catch {
            reply.fail(error)
            noteOrderCounts(call, account(of: call), arrival, &reply)
        }
    }

    private func account(of call: SpotCall) -> SpotAccount? { try? security.account(key: call.key) }

    private func noteOrderCounts(
        _ call: SpotCall, _ asker: SpotAccount?, _ arrival: Timestamp, _ reply: inout SpotReply
    ) {
        guard call.operation.countsAsOrder, let asker, reply.error.map({ $0.code != -1022 }) ?? true else { return }
        reply.orderCounts = limits.orderCounts(asker.name, at: arrival)
    }

    /// A request of somebody whose key, and signature where one is needed, have been checked.
    struct AccountRequest {
        var account: String
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
        case .currencies, .marginPairs, .isolatedPairs:
            reader.skip("symbols")
            try reader.finish()
            return []
        case .logon: throw SpotError(-4056, "HMAC_SHA256 API key is not supported.")
        default: throw .badCombination
        }
    }
}
