import Scheduling
import TradingCore

/// Placing, cancelling and replacing.
extension SpotExchange {
    func ticket(
        _ request: AccountRequest, _ symbol: String, _ reader: inout ParameterReader
    ) throws(SpotError) -> SpotCommand.Place {
        let ticket = try OrderTicket(&reader)
        return SpotCommand.Place(
            account: request.account, symbol: symbol, ticket: ticket, clientID: ticket.clientID ?? newClientID())
    }

    /// The symbol, which must be listed.
    func symbol(_ reader: inout ParameterReader) throws(SpotError) -> SpotMarket {
        let name = try reader.required("symbol")
        guard name.utf8.count <= 20, name.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }) else {
            throw .illegal("symbol", "^[A-Z0-9-_.]{1,20}$")
        }
        return try core.market(name)
    }

    func place(_ request: AccountRequest, _ reader: inout ParameterReader) async throws(SpotError) -> JSON {
        let market = try symbol(&reader)
        let place = try ticket(request, market.name, &reader)
        try reader.finish()
        limits.placed(request.account, at: request.arrival)
        guard case .placed(let order, let fills) = try await done(.place(place), of: request.account, places: true)
        else { throw .disconnected }
        await fillInPart(order, request)
        return request.renderer.placed(order, fills, market)
    }

    /// Carries a command out; a refusal of an order does not count as an order.
    func done(
        _ command: SpotCommand, of account: String, places: Bool = false
    ) async throws(SpotError) -> SpotOutcome {
        let outcome = await perform(command)
        guard case .refused(let error) = outcome else { return outcome }
        if places { limits.filled(account, at: time.now()) }
        throw error
    }

    func fillInPart(_ order: SpotOrder, _ request: AccountRequest) async {
        guard let percent = request.fate.fillsPlaced, order.status.isOpen else { return }
        _ = await perform(.fill(account: request.account, orderID: order.id, percent: percent))
    }

    func test(_ request: AccountRequest, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        let market = try symbol(&reader)
        let showsRates = try reader.boolean("computeCommissionRates") ?? false
        let place = try ticket(request, market.name, &reader)
        try reader.finish()
        _ = try core.check(place)
        guard showsRates else { return [:] }
        return [
            "standardCommissionForOrder": [
                "maker": .decimal(market.instrument.fees.maker), "taker": .decimal(market.instrument.fees.taker),
            ],
            "taxCommissionForOrder": ["maker": .decimal(.zero), "taker": .decimal(.zero)],
            "discount": [
                "enabledForAccount": .bool(false), "enabledForSymbol": .bool(false), "discountAsset": .text("BNB"),
                "discount": .decimal(.zero),
            ],
        ]
    }

    // MARK: - Cancelling

    func target(
        _ request: AccountRequest, _ symbol: String, _ reader: inout ParameterReader,
        id: String = "orderId", clientID: String = "origClientOrderId"
    ) throws(SpotError) -> SpotCommand.Target {
        let number = try reader.integer(id)
        let name = try reader.text(clientID)
        if number == nil, name == nil { throw .oneOf(clientID, id) }
        return SpotCommand.Target(account: request.account, symbol: symbol, orderID: number, clientID: name)
    }

    func cancelID(_ reader: inout ParameterReader, _ name: String) throws(SpotError) -> String {
        guard let id = try reader.text(name) else { return newClientID() }
        guard OrderTicket.isClientID(id) else { throw .illegal(name, OrderTicket.clientIDRule) }
        return id
    }

    func restriction(_ reader: inout ParameterReader) throws(SpotError) -> SpotCommand.Restriction? {
        try reader.choice("cancelRestrictions", SpotCommand.Restriction.self, or: .badRestrictions)
    }

    func cancel(_ request: AccountRequest, _ reader: inout ParameterReader) async throws(SpotError) -> JSON {
        let market = try symbol(&reader)
        let target = try target(request, market.name, &reader)
        let cancel = SpotCommand.Cancel(
            target: target, clientID: try cancelID(&reader, "newClientOrderId"), restriction: try restriction(&reader))
        try reader.finish()
        await fillBeforeCancel(target, request)
        guard case .cancelled(let order, let id) = try await done(.cancel(cancel), of: request.account) else {
            throw .disconnected
        }
        return request.renderer.cancelled(order, id, market)
    }

    func fillBeforeCancel(_ target: SpotCommand.Target, _ request: AccountRequest) async {
        guard let percent = request.fate.fillsCancelled, let order = core.records.find(target) else { return }
        _ = await perform(.fill(account: request.account, orderID: order.id, percent: percent))
    }

    func cancelAll(_ request: AccountRequest, _ reader: inout ParameterReader) async throws(SpotError) -> JSON {
        let market = try symbol(&reader)
        try reader.finish()
        let command = SpotCommand.cancelAll(account: request.account, symbol: market.name, seed: randomNumber())
        guard case .cancelledAll(let orders) = try await done(command, of: request.account) else {
            throw .disconnected
        }
        return .list(orders.map { request.renderer.cancelled($0.order, $0.cancelID, market) })
    }

    // MARK: - Amending

    func amend(_ request: AccountRequest, _ reader: inout ParameterReader) async throws(SpotError) -> JSON {
        let market = try symbol(&reader)
        let target = try target(request, market.name, &reader)
        _ = try reader.required("newQty")
        guard let quantity = try reader.amount("newQty") else { throw .missing("newQty") }
        let clientID = try reader.text("newClientOrderId")
        if let clientID, !OrderTicket.isClientID(clientID) {
            throw .illegal("newClientOrderId", OrderTicket.clientIDRule)
        }
        try reader.finish()
        guard
            case .amended(let order) = try await done(
                .amend(target, quantity: quantity, clientID: clientID), of: request.account)
        else { throw .disconnected }
        return [
            "transactTime": request.renderer.time(order.updated), "executionId": .number(order.id),
            "amendedOrder": request.renderer.row(order, market),
        ]
    }
}
