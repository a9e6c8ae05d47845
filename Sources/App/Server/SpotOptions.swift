import ArgumentParser
import Exchanges
import Foundation
import Simulators
import TradingCore

/// Who trades on the paper exchange as a Binance-like server, and how it misbehaves.
struct SpotOptions: ParsableArguments {
    @Option(
        help:
            "An account, as NAME:KEY:SECRET:ASSET=AMOUNT,… (repeatable; alice and bob with keys of their own by default)."
    )
    var account: [String] = []

    @Option(
        help:
            "A JSON file of accounts: several keys each, Ed25519 among them, with what each may do (see the documentation)."
    )
    var accounts: String?

    @Option(help: "A JSON file that says how the exchange is to misbehave; at run time: POST /paper/faults.")
    var faults: String?

    @Flag(help: "Serve listen keys, which Binance has switched off, for old clients.")
    var listenKeys = false

    /// - Throws: ``BadInput`` where one of these options comes with one that it does not go with.
    func refuse(besides other: String) throws {
        for (option, isGiven) in [
            ("--account", !account.isEmpty), ("--accounts", accounts != nil), ("--faults", faults != nil),
            ("--listen-keys", listenKeys),
        ] where isGiven { throw BadInput("\(option): must come with --port, not with \(other)") }
    }

    /// Accounts for whoever names none; their secrets protect nothing.
    private static let standard = ["alice", "bob"]

    /// What people need to know to trade; nothing of accounts that they made themselves.
    var introduction: [String] {
        guard account.isEmpty, accounts == nil else { return [] }
        return Self.standard.map { "Account \($0): key \($0)-key, secret \($0)-secret" }
    }

    func traders() throws -> [SpotAccount] {
        if account.isEmpty, accounts == nil {
            return Self.standard.map { name in
                SpotAccount(
                    name: name, key: "\(name)-key", secret: Secret("\(name)-secret"),
                    funds: ["USDT": "1000000", "BTC": "10"])
            }
        }
        var all: [SpotAccount] = []
        for (index, text) in account.enumerated() { all.append(try Self.parse(text, number: index + 1)) }
        if let accounts { all += try SpotAccountsFile.accounts(path: accounts) }
        var (names, keys): (Set<String>, Set<String>) = ([], [])
        for account in all {
            guard names.insert(account.name).inserted else {
                throw BadInput("--account \(account.name): this name is given twice")
            }
            for key in account.keys where !keys.insert(key.key).inserted {
                throw BadInput("--account \(account.name): the key \(key.key) is given twice")
            }
        }
        return all
    }

    /// The text itself is in no message: it holds a secret.
    private static func parse(_ text: String, number: Int) throws -> SpotAccount {
        let parts = text.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0...2].allSatisfy({ !$0.isEmpty }) else {
            throw BadInput("--account (the \(number).): must be NAME:KEY:SECRET:ASSET=AMOUNT,…")
        }
        let name = parts[0]
        guard isKey(parts[1]) else {
            throw BadInput("--account \(name): the key must be up to 128 letters, digits, - and _")
        }
        var funds: [AssetID: FixedDecimal] = [:]
        for pair in parts[3].split(separator: ",") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, !sides[0].isEmpty, let amount = FixedDecimal(String(sides[1])), !amount.isNegative,
                amount <= "1000000000000"
            else { throw BadInput("--account \(name): \(pair) must be ASSET=AMOUNT, the amount 0 to 10^12") }
            guard funds.updateValue(amount, forKey: AssetID(sides[0].uppercased())) == nil else {
                throw BadInput("--account \(name): \(sides[0]) is given twice")
            }
        }
        return SpotAccount(name: name, key: parts[1], secret: Secret(parts[2]), funds: funds)
    }

    static func isKey(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { scalar in
                switch scalar {
                case "0"..."9", "a"..."z", "A"..."Z", "-", "_": true
                default: false
                }
            }
    }

    func faultText() throws -> String? {
        guard let faults else { return nil }
        do { return try String(contentsOfFile: faults, encoding: .utf8) } catch {
            throw BadInput("--faults \(faults): cannot be read: \(error.localizedDescription)")
        }
    }
}
