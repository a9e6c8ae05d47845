import Scheduling
import TradingCore

/// Cancel and replace.
extension SpotExchange {
    private enum ReplaceMode: String { case stop = "STOP_ON_FAILURE", allow = "ALLOW_FAILURE" }
    private enum LimitMode: String { case cancelOnly = "CANCEL_ONLY", doNothing = "DO_NOTHING" }

    func replace(_ request: AccountRequest, _ reader: inout ParameterReader) async throws(SpotError) -> JSON {
        let market = try symbol(&reader)
        _ = try reader.required("cancelReplaceMode")
        guard let mode = try reader.choice("cancelReplaceMode", ReplaceMode.self) else {
            throw .missing("cancelReplaceMode")
        }
        _ = try reader.choice("orderRateLimitExceededMode", LimitMode.self)
        let target = try target(
            request, market.name, &reader, id: "cancelOrderId", clientID: "cancelOrigClientOrderId")
        let cancel = SpotCommand.Cancel(
            target: target, clientID: try cancelID(&reader, "cancelNewClientOrderId"),
            restriction: try restriction(&reader))
        let place = try ticket(request, market.name, &reader)
        try reader.finish()
        do throws(SpotError) { try limits.checkOrder(request.account, at: request.arrival) } catch {
            return try await cancelOnly(cancel, error, stops: mode == .stop, market, request)
        }
        limits.placed(request.account, at: request.arrival)
        await fillBeforeCancel(target, request)
        let command = SpotCommand.replace(cancel, place, requiresCancel: mode == .stop)
        guard case .replaced(let cancelled, let placed) = try await done(command, of: request.account, places: true)
        else { throw .disconnected }
        switch placed {
        case .success((let order, _)): await fillInPart(order, request)
        case .failure: limits.filled(request.account, at: time.now())
        // As on Binance, one that was not attempted counts all the same.
        case nil: break
        }
        return try replaced(cancelled, placed, market, request.renderer)
    }

    /// The account may place no more orders now, and has said that its old one is to be cancelled all the same.
    private func cancelOnly(
        _ cancel: SpotCommand.Cancel, _ limit: SpotError, stops: Bool, _ market: SpotMarket, _ request: AccountRequest
    ) async throws(SpotError) -> JSON {
        await fillBeforeCancel(cancel.target, request)
        let cancelled: Result<(SpotOrder, String), SpotError>
        switch await perform(.cancel(cancel)) {
        case .cancelled(let order, let id): cancelled = .success((order, id))
        case .refused(let error): cancelled = .failure(error)
        default: throw .disconnected
        }
        var placed: Result<(SpotOrder, [SpotFill]), SpotError>? = .failure(limit)
        if case .failure = cancelled, stops { placed = nil }
        do throws(SpotError) { return try replaced(cancelled, placed, market, request.renderer) } catch {
            var told = error
            (told.status, told.retryAfter) = (limit.status, limit.retryAfter)
            throw told
        }
    }

    private func replaced(
        _ cancelled: Result<(SpotOrder, String), SpotError>,
        _ placed: Result<(SpotOrder, [SpotFill]), SpotError>?, _ market: SpotMarket, _ renderer: SpotRenderer
    ) throws(SpotError) -> JSON {
        let (cancelResult, cancelBody): (String, JSON) =
            switch cancelled {
            case .success((let order, let id)): ("SUCCESS", renderer.cancelled(order, id, market))
            case .failure(let error): ("FAILURE", error.body)
            }
        let (placeResult, placeBody): (String, JSON) =
            switch placed {
            case .success((let order, let fills)): ("SUCCESS", renderer.placed(order, fills, market))
            case .failure(let error): ("FAILURE", error.body)
            case nil: ("NOT_ATTEMPTED", .null)
            }
        let body: JSON = [
            "cancelResult": .text(cancelResult), "newOrderResult": .text(placeResult), "cancelResponse": cancelBody,
            "newOrderResponse": placeBody,
        ]
        switch (cancelResult, placeResult) {
        case ("SUCCESS", "SUCCESS"): return body
        case ("SUCCESS", _), (_, "SUCCESS"):
            throw SpotError(-2021, "Order cancel-replace partially failed.", status: 409, data: body)
        default: throw SpotError(-2022, "Order cancel-replace failed.", data: body)
        }
    }
}
