import Ledger
import TradingCore

/// Balances and entries of the ledger, for the admin. Nothing is changed here: money moves where its reason is stored.
struct LedgerRoutes {
    let operations: Operations

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/admin/ledger/balances", "Balances by account path", tag: "ledger",
                answers: .json(.array(.balance)),
                parameters: [
                    .query("owner", isRequired: false, "kind:id, such as unallocated:paper:default; all if absent"),
                    .query("after", isRequired: false, "The last account of the page before"),
                    .query("limit", .integer(1...1_000), isRequired: false, "100 if absent"),
                ]
            ) { input in .json(.array(try await balances(input).map(JSONTree.init))) },
            Endpoint(
                .get, "/admin/ledger/entries", "An account's entries, newest first", tag: "ledger",
                answers: .json(.entries),
                parameters: [
                    .query("account", .string, "kind:id/ASSET"),
                    .query(
                        "before", .integer(1...Int64.max), isRequired: false, "The last sequence of the page before"),
                    .query("limit", .integer(1...1_000), isRequired: false, "100 if absent"),
                ]
            ) { input in .json(try await entries(input)) },
        ]
    }

    private func balances(_ input: EndpointInput) async throws -> [LedgerBalance] {
        let (after, limit) = (try Self.account("after", input)?.path ?? "", Int(input.integer("limit") ?? 100))
        guard let owner = input.text("owner") else {
            return try await operations.look {
                try LedgerStore(transaction: $0).balances(after: after, limit: limit)
            }
        }
        let parts = owner.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, let kind = LedgerAccount.Kind(rawValue: parts[0]),
            (try? LedgerAccount(kind, parts[1], AssetID("X"))) != nil
        else {
            let kinds = LedgerAccount.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw APIError.invalid([
                "owner \(Self.shown(owner)): must be kind:id, where kind is one of \(kinds), "
                    + "and id is 1 to 100 letters, digits, '-', '_', '.' or ':'"
            ])
        }
        let all = try await operations.look { try LedgerStore(transaction: $0).balances(of: kind, parts[1]) }
        return Array(all.filter { $0.account.path > after }.prefix(limit))
    }

    /// - Returns: nil when there is none.
    private static func account(_ name: String, _ input: EndpointInput) throws -> LedgerAccount? {
        guard let path = input.text(name) else { return nil }
        do { return try LedgerAccount(path: path) } catch {
            guard case .badAccount(_, let rule) = error else { throw APIError.invalid(["\(name): \(error)"]) }
            throw APIError.invalid(["\(name) \(shown(path)): must be kind:id/ASSET; \(rule)"])
        }
    }

    /// A value for a message: short, and on one line.
    private static func shown(_ value: String) -> String { JSONTree.string(String(value.prefix(64))).json }

    private func entries(_ input: EndpointInput) async throws -> JSONTree {
        guard let account = try Self.account("account", input) else { throw APIError.invalid(["account: is required"]) }
        let (before, limit) = (input.integer("before"), Int(input.integer("limit") ?? 100))
        let (balance, entries) = try await operations.look { transaction in
            let store = LedgerStore(transaction: transaction)
            return (
                try store.balance(of: account), try store.entries(of: account, before: before, limit: limit)
            )
        }
        guard let balance else { throw APIError.typed(404, "Account \(account) has no entries") }
        return .object(["balance": JSONTree(balance), "entries": .array(entries.map(JSONTree.init))])
    }
}

extension JSONTree {
    init(_ balance: LedgerBalance) {
        self = .object([
            "account": .string(balance.account.path), "available": .string(balance.available.description),
            "locked": .string(balance.locked.description), "total": .string(balance.total.description),
            "entries": .number(balance.entryCount), "head": .string(balance.head.description),
        ])
    }

    init(_ entry: LedgerEntry) {
        self = .object([
            "sequence": .number(entry.sequence), "step": .string(entry.step.description),
            "kind": .string(entry.kind.rawValue), "counterparty": .string(entry.counterparty.path),
            "available": .string(entry.available.description), "locked": .string(entry.locked.description),
            "postedAt": .time(entry.postedAt), "hash": .string(entry.hash.description),
        ])
    }
}
