import ExchangeKeys
import Exchanges
import TradingCore

/// Deposit addresses and withdrawals of exchange accounts, by the original's paths (D26).
struct ExchangeTransferRoutes {
    let transfers: any ExchangeTransferDesk

    private static let place: [Parameter] = [
        .body("exchange"), .body("apiKeyId", .integer(0...Int64.max), "A stored key's key_id"),
        .body("symbol", .string, "The asset, such as USDT"),
        .body("network", .string, "By its common name, such as TRC20; it must be on TRANSFER_NETWORKS"),
    ]

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/exchange/deposit/create", "Where to send an asset to reach an account", tag: "exchanges",
                answers: .json(.depositAddress),
                parameters: Self.place, success: "Address, memo and network"
            ) { input in
                let address = try await transfers.depositAddress(try Self.place(input))
                return .json(
                    .object([
                        "address": .string(address.address), "memo": .string(address.tag ?? ""),
                        "network": .string(address.network ?? ""),
                    ]))
            },
            Endpoint(
                .post, "/exchange/withdrawal/create", "Withdraw from an account, once", tag: "exchanges",
                answers: .json(.withdrawal)
                    .or(202, "The exchange has not said what became of it", .withdrawal)
                    .or(
                        422, "The exchange has refused it, or it failed or was cancelled there",
                        .anyOf([.withdrawal, .error])),
                parameters: Self.place + [
                    .body("address"), .body("tag", isRequired: false, "Where the network has one"),
                    .body("amount", .number, "In the asset"),
                    .body(
                        "requestId", isRequired: false,
                        "A name of the caller's own: said again, it is the same withdrawal, and is never sent twice"),
                    .body(
                        "allowRepeat", .boolean, isRequired: false,
                        "After a restore from a backup: send it although the exchange lists one like it that no stored request claims"
                    ),
                ],
                success: "The withdrawal; 202 while the exchange has not said what became of it, 422 where it refused"
            ) { input in
                let withdrawal = try await transfers.withdraw(try Self.order(input))
                let code =
                    switch withdrawal.status {
                    case .sent, .confirmed: 201
                    case .pending, .unknown: 202
                    case .refused, .failed, .cancelled: 422
                    }
                return .status(code, JSONTree(withdrawal))
            },
            Endpoint(
                .get, "/admin/exchanges/withdrawals", "Withdrawals that were asked for, the newest first",
                tag: "exchanges", answers: .json(.array(.withdrawal)),
                parameters: [
                    .query(
                        "status", .choice(Withdrawal.Status.allCases.map(\.rawValue)), isRequired: false, "Only these"),
                    .query("before", .integer(1...Int64.max), isRequired: false, "Only those whose number is below"),
                    .query("limit", .integer(1...500), isRequired: false, "At most so many; 100 unless told"),
                ], success: "A list, each with its number"
            ) { input in
                let status = input.text("status").flatMap { Withdrawal.Status(rawValue: $0) }
                let list = try await transfers.withdrawals(
                    status, before: input.integer("before"), limit: Int(input.integer("limit") ?? 100))
                return .json(.array(list.map(JSONTree.init)))
            },
            Endpoint(
                .get, "/admin/exchanges/withdrawals/verdicts",
                "What was said by hand of withdrawals in doubt, the newest first", tag: "exchanges",
                answers: .json(.array(.withdrawalVerdict)),
                parameters: [
                    .query("withdrawal", .integer(1...Int64.max), isRequired: false, "Only of the one of this number"),
                    .query("before", .integer(1...Int64.max), isRequired: false, "Only those whose number is below"),
                    .query("limit", .integer(1...500), isRequired: false, "At most so many; 100 unless told"),
                ], success: "A list, each with its own number and its withdrawal's"
            ) { input in
                let list = try await transfers.verdicts(
                    of: input.integer("withdrawal"), before: input.integer("before"),
                    limit: Int(input.integer("limit") ?? 100))
                return .json(.array(list.map(JSONTree.init)))
            },
            Endpoint(
                .post, "/admin/exchanges/withdrawals/:number/resolve",
                "Say by hand what became of a withdrawal that asking does not tell", tag: "exchanges",
                answers: .json(.withdrawal),
                parameters: [
                    .path("number", .integer(1...Int64.max)),
                    .body("outcome", .choice(["neverLeft", "sent"])),
                    .body("exchangeId", isRequired: false, "The exchange's id of it, with sent and only then"),
                    .body("note", .text(500), "How that was found out: it is kept"),
                    .body(
                        "force", .boolean, isRequired: false,
                        "Although no key here can ask the exchange, or it lists one like it that no stored withdrawal claims"
                    ),
                ], status: 200,
                success: "The withdrawal; 409 for an hour after it was asked for, and while the exchange can tell"
            ) { input in
                let withdrawal = try await transfers.resolve(input.integer("number") ?? 0, try Self.verdict(input))
                return .json(JSONTree(withdrawal))
            },
        ]
    }

    private static func verdict(_ input: EndpointInput) throws -> WithdrawalVerdict {
        let (note, id) = (try input.required("note"), input.text("exchangeId"))
        let isSent = try input.required("outcome") == "sent"
        guard isSent == (id != nil) else {
            throw APIError.invalid(["exchangeId: must be there with outcome sent, and only then"])
        }
        let verdict = WithdrawalVerdict(
            id.map { .sent(exchangeID: $0) } ?? .neverLeft, note: note, isInsisted: input.flag("force"))
        if !verdict.faults.isEmpty { throw APIError.invalid(verdict.faults) }
        return verdict
    }

    private static func place(_ input: EndpointInput) throws -> TransferPlace {
        TransferPlace(
            exchange: ExchangeID(rawValue: try input.required("exchange").lowercased()),
            keyID: input.integer("apiKeyId") ?? 0, asset: AssetID(try input.required("symbol").uppercased()),
            network: try input.required("network"))
    }

    private static func order(_ input: EndpointInput) throws -> WithdrawalOrder {
        let text = try input.required("amount")
        guard let amount = try? FixedDecimal(text[...]) else {
            throw APIError.invalid(["amount \(text.prefix(64)): must be a number above 0"])
        }
        let order = WithdrawalOrder(
            place: try place(input), address: try input.required("address"), tag: input.text("tag"), amount: amount,
            requestID: input.text("requestId"), isRepeatAllowed: input.flag("allowRepeat"))
        if !order.faults.isEmpty { throw APIError.invalid(order.faults) }
        return order
    }
}

extension JSONTree {
    init(_ withdrawal: Withdrawal) {
        self = .object([
            "id": withdrawal.exchangeID.map(JSONTree.string) ?? .null, "number": .number(Int(withdrawal.id)),
            "txid": withdrawal.transactionID.map(JSONTree.string) ?? .null,
            "requestId": .string(withdrawal.requestID),
            "status": .string(withdrawal.status.rawValue), "exchange": .string("\(withdrawal.place.exchange)"),
            "exchange_index": .string(withdrawal.label), "symbol": .string("\(withdrawal.place.asset)"),
            "network": .string(withdrawal.place.network), "address": .string(withdrawal.address),
            "tag": withdrawal.tag.map(JSONTree.string) ?? .null, "amount": .number(withdrawal.amount),
            "reason": withdrawal.reason.map(JSONTree.string) ?? .null, "timestamp": .time(withdrawal.createdAt),
        ])
    }
}

extension JSONTree {
    init(_ stored: StoredVerdict) {
        let (outcome, exchangeID): (String, String?) =
            switch stored.verdict.outcome {
            case .neverLeft: ("neverLeft", nil)
            case .sent(let id): ("sent", id)
            }
        self = .object([
            "number": .number(Int(stored.id)), "withdrawal": .number(Int(stored.withdrawalID)),
            "outcome": .string(outcome), "exchangeId": exchangeID.map(JSONTree.string) ?? .null,
            "note": .string(stored.verdict.note), "force": .bool(stored.verdict.isInsisted),
            "reasonBefore": stored.reasonBefore.map(JSONTree.string) ?? .null, "timestamp": .time(stored.saidAt),
        ])
    }
}

extension APIError {
    init(_ error: TransferError) {
        let text = "\(error)"
        switch error {
        case .invalid(let lines): self = .invalid(lines)
        case .unknownKey, .unknownWithdrawal: self = .typed(404, text)
        case .refused: self = .typed(422, text)
        case .heldBack: self = .typed(429, text)
        case .unreachable, .contradicted: self = .typed(502, text)
        case .repeated, .notByHand: self = .typed(409, text)
        case .storageUnavailable: self = .typed(503, text)
        }
    }
}
