import API
import ArgumentParser
import Foundation
import Ledger
import Persistence
import TradingCore

/// The ledger as it lies in the database, beside a running server or without one. Nothing is changed.
struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Verify the ledger, or look at an account.",
        subcommands: [LedgerVerifyCommand.self, LedgerShowCommand.self])
}

struct LedgerVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Recompute every balance and hash chain from its entries; exit code 1 when something does not add up."
    )

    func run() async throws {
        let database = try await ServerFiles().openToLook()
        let report = try await LedgerVerifier.verify(database) { report in
            guard Terminal.isInteractive else { return }
            Terminal.status("\(report.accounts) accounts, \(report.entries) entries, \(report.postings) postings")
        }
        await database.close()
        if Terminal.isInteractive { Terminal.clearStatus() }
        for finding in report.findings { print(finding) }
        if report.findingCount > report.findings.count {
            print("and \(report.findingCount - report.findings.count) more")
        }
        print(
            """
            \(report.isSound ? "Sound" : "NOT SOUND"): \(report.accounts) accounts, \(report.entries) entries, \
            \(report.postings) postings, \(report.openReservations) open reservations, \(report.findingCount) findings.
            """)
        if !report.isSound { throw ExitCode(1) }
    }
}

struct LedgerShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "An account's balance and newest entries, or the accounts there are.")

    @Argument(help: "kind:id/ASSET, such as unallocated:paper:default/USDT; without it accounts are listed.")
    var account: String?

    @Option(help: "How many entries or accounts, 1 to 100000.")
    var limit = 50

    @Option(help: "Entries before this sequence number.")
    var before: Int64?

    func run() async throws {
        guard (1...100_000).contains(limit) else { throw BadInput("--limit \(limit): must be 1 to 100000") }
        let named = try account.map(Self.parse)
        let database = try await ServerFiles().openToLook()
        if let named { try await show(named, database) } else { try await list(database) }
        await database.close()
    }

    private static func parse(_ path: String) throws -> LedgerAccount {
        do { return try LedgerAccount(path: path) } catch { throw BadInput("ACCOUNT \(path): \(error)") }
    }

    private func list(_ database: any SQLDatabase) async throws {
        let limit = limit
        let balances = try await database.read { try LedgerStore(transaction: $0).balances(limit: limit) }
        for balance in balances {
            print("\(balance.account)  available \(balance.available)  locked \(balance.locked)")
        }
    }

    private func show(_ account: LedgerAccount, _ database: any SQLDatabase) async throws {
        let (before, limit) = (before, limit)
        let (balance, entries) = try await database.read { transaction in
            let store = LedgerStore(transaction: transaction)
            return (
                try store.balance(of: account), try store.entries(of: account, before: before, limit: limit)
            )
        }
        guard let balance else { throw BadInput("ACCOUNT \(account): must be an account with entries") }
        print("\(account): available \(balance.available), locked \(balance.locked), \(balance.entryCount) entries")
        for entry in entries {
            print(
                """
                \(entry.sequence)  \(WireTime.text(entry.postedAt))  \(entry.kind.rawValue)  available \
                \(signed(entry.available))  locked \(signed(entry.locked))  \(entry.counterparty)  \(entry.step)
                """)
        }
    }

    private func signed(_ amount: FixedDecimal) -> String { (amount.isNegative ? "" : "+") + amount.description }
}
