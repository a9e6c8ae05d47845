import Exchanges
import Foundation
import Networking
import TradingCore

/// Calls for several orders at once, and edits, in each exchange's words. What becomes of each order is what a call for it alone would
/// have done.
extension Speaker {
    /// - Returns: nil for a call that is of one order.
    func several(_ request: VenueRequest) -> VenueAnswer? {
        guard let body = (try? JSONValue(request.body.isEmpty ? "{}" : request.body)) else { return nil }
        switch (Self.exchange, request.path.split(separator: "/").last.map(String.init) ?? "") {
        case (.okx, "batch-orders"):
            guard let items = body.elements, items.count > 1 else { return nil }
            return okx(items.map { item in okxRow(item, place(with("[\(item.compactText)]", request))) })
        case (.okx, "cancel-batch-orders"):
            return okx((body.elements ?? []).map { item in okxRow(item, cancel(with(item.compactText, request))) })
        case (.okx, "amend-order"):
            let order = amend(body.text("ordId"), body.text("newPx"), body.text("newSz"))
            return okx([
                order.map { "{\"ordId\":\"\($0.id)\",\"clOrdId\":\"\($0.clientID)\",\"sCode\":\"0\",\"sMsg\":\"\"}" }
                    ?? #"{"ordId":"","clOrdId":"","sCode":"51503","sMsg":"Order modification failed as the order does not exist."}"#
            ])
        case (.bybit, "create-batch"): return bybit(body) { place(with($0, request)) }
        case (.bybit, "cancel-batch"): return bybit(body) { cancel(with($0, request)) }
        case (.bybit, "amend"):
            let id = body.text("orderId").map { String($0.dropFirst()) }
            guard let order = amend(id, body.text("price"), body.text("qty")) else {
                return VenueAnswer(body: #"{"retCode":170213,"retMsg":"Order does not exist.","result":{},"time":1}"#)
            }
            return VenueAnswer(
                body:
                    #"{"retCode":0,"retMsg":"OK","result":{"orderId":"u\#(order.id)","orderLinkId":"\#(order.clientID)"},"time":1}"#
            )
        case (.gate, "batch_orders"):
            return VenueAnswer(body: list((body.elements ?? []).map { gatePlaced($0, request) }))
        case (.gate, "cancel_batch_orders"):
            return VenueAnswer(body: list((body.elements ?? []).map { gateCancelled($0, request) }))
        case (.gate, let id) where request.verb == "PATCH":
            guard let order = amend(id, body.text("price"), body.text("amount")) else {
                return VenueAnswer(status: 404, body: #"{"label":"ORDER_NOT_FOUND","message":"Order not found"}"#)
            }
            var look = request
            look.verb = "GET"
            look.path = request.path.replacing("/" + id, with: "/\(order.id)")
            look.body = ""
            return answer(look)
        case (.bitfinex, "multi"): return bitfinex(body["id"]?.elements ?? [], request)
        case (.mexc, "batchOrders"): return mexc(request)
        case (.kucoin, "multi"): return kucoin(body, request)
        default: return nil
        }
    }

    private func with(_ body: String, _ request: VenueRequest) -> VenueRequest {
        var one = request
        one.body = body
        return one
    }

    private func amend(_ id: String?, _ price: String?, _ amount: String?) -> ModelExchange.Order? {
        guard let id = id.flatMap({ Int($0) }) else { return nil }
        return model.change { contents in
            guard let index = contents.orders.firstIndex(where: { $0.id == id && $0.state == .open }) else {
                return nil
            }
            if let price = decimal(price) { contents.orders[index].price = price }
            if let amount = decimal(amount) { contents.orders[index].amount = amount }
            return contents.orders[index]
        }
    }

    /// Done, and answered as if it had gone wrong within the exchange.
    private func isDoubted(_ clientID: String?) -> Bool {
        clientID.map { id in model.read { $0.doubted.contains(id) } } ?? false
    }

    // MARK: - OKX

    private func okxRow(_ item: JSONValue, _ answer: VenueAnswer) -> String {
        if isDoubted(item.text("clOrdId")) {
            return
                #"{"clOrdId":"\#(item.text("clOrdId") ?? "")","ordId":"","sCode":"50026","sMsg":"System error. Try again later"}"#
        }
        return (try? JSONValue(answer.body))?["data"]?[0]?.compactText ?? "{}"
    }

    private func okx(_ rows: [String]) -> VenueAnswer {
        let good = rows.count { $0.contains(#""sCode":"0""#) }
        let code = good == rows.count ? "0" : good == 0 ? "1" : "2"
        return VenueAnswer(body: #"{"code":"\#(code)","data":\#(list(rows)),"msg":""}"#)
    }

    // MARK: - Bybit

    private func bybit(_ body: JSONValue, _ act: (String) -> VenueAnswer) -> VenueAnswer {
        var (rows, codes): ([String], [String]) = ([], [])
        let category = JSONValue.Member(key: "category", value: .string(body.text("category") ?? ""))
        for item in body["request"]?.elements ?? [] {
            let told = try? JSONValue(act(JSONValue.object([category] + (item.members ?? [])).compactText).body)
            let isDoubted = isDoubted(item.text("orderLinkId"))
            rows.append(isDoubted ? "{}" : told?["result"]?.compactText ?? "{}")
            codes.append(
                isDoubted
                    ? #"{"code":10016,"msg":"Server error."}"#
                    : #"{"code":\#(told?.text("retCode") ?? "10001"),"msg":"\#(told?.text("retMsg") ?? "")"}"#)
        }
        return VenueAnswer(
            body:
                #"{"retCode":0,"retMsg":"OK","result":{"list":\#(list(rows))},"retExtInfo":{"list":\#(list(codes))},"time":1}"#
        )
    }

    // MARK: - Gate

    private func gatePlaced(_ item: JSONValue, _ request: VenueRequest) -> String {
        let answer = place(with(item.compactText, request))
        let text = item.text("text") ?? ""
        if isDoubted(text) {
            return #"{"text":"\#(text)","succeeded":false,"label":"SERVER_ERROR","message":"internal"}"#
        }
        guard answer.status >= 400 else { return #"{"succeeded":true,"# + answer.body.dropFirst() }
        return #"{"text":"\#(text)","succeeded":false,"# + answer.body.dropFirst()
    }

    private func gateCancelled(_ item: JSONValue, _ request: VenueRequest) -> String {
        let id = item.text("id") ?? ""
        var one = with("", request)
        one.path = "/api/v4/spot/orders/" + id
        let answer = cancel(one)
        let result = answer.status < 400 ? #""succeeded":true}"# : #""succeeded":false,"# + answer.body.dropFirst()
        return #"{"currency_pair":"BTC_USDT","id":"\#(id)","# + result
    }

    // MARK: - Bitfinex

    /// Those that are there no more are left out.
    private func bitfinex(_ ids: [JSONValue], _ request: VenueRequest) -> VenueAnswer {
        let rows = ids.compactMap { id in
            (try? JSONValue(cancel(with("{\"id\":\(id.compactText)}", request)).body))?[4]?.compactText
        }
        let list = list(rows)
        return VenueAnswer(body: "[1,\"oc_multi-req\",null,null,\(list),null,\"SUCCESS\",\"Submitting cancellations\"]")
    }

    // MARK: - MEXC and KuCoin

    private func mexc(_ request: VenueRequest) -> VenueAnswer {
        let text = request.fields["batchOrders"]?.removingPercentEncoding ?? "[]"
        let rows = ((try? JSONValue(text))?.elements ?? []).map { item in
            var one = with("", request)
            one.query = (item.members ?? []).map { "\($0.key)=\($0.value.text ?? "")" }.joined(separator: "&")
            let body = place(one).body
            return isDoubted(item.text("newClientOrderId")) ? #"{"code":500,"msg":"Internal error"}"# : body
        }
        return VenueAnswer(body: list(rows))
    }

    private func kucoin(_ body: JSONValue, _ request: VenueRequest) -> VenueAnswer {
        let rows = (body["orderList"]?.elements ?? []).map { item in
            let told = try? JSONValue(place(with(item.compactText, request)).body)
            guard told?.text("code") == "200000", let data = told?["data"] else {
                return #"{"success":false,"failMsg":"\#(told?.text("msg") ?? "")"}"#
            }
            return #"{"success":true,"# + data.compactText.dropFirst()
        }
        return VenueAnswer(body: #"{"code":"200000","data":\#(list(rows))}"#)
    }
}
