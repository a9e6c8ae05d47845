import Exchanges
import Persistence
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys

/// The key that everything is sealed to: a start with another is refused, and a change of it is whole or none.
@Suite struct EncryptionKeyTests {
    private func refusal(_ bench: KeyBench, _ key: EncryptionKey) async throws -> String? {
        try await bench.database.read { try StoredSecrets(transaction: $0).refusal(key) }
    }

    @Test func `stored secrets that do not open refuse the start in one line that names the right key (H49, D60)`()
        async throws
    {
        try await withKeys { bench in
            let other = try #require(EncryptionKey.random())
            #expect(try await refusal(bench, other) == nil, "nothing is stored yet")
            _ = try await bench.keyring.add(bench.new())
            #expect(try await refusal(bench, bench.key) == nil)
            let line = try #require(try await refusal(bench, other))
            #expect(line.contains(bench.key.publicText) && line.contains(other.publicText) && !line.contains("\n"))
        }
    }

    @Test func `one damaged secret is found too, by its number and account (D29)`() async throws {
        try await withKeys { bench in
            _ = try await bench.keyring.add(bench.new())
            let id = try await bench.keyring.add(bench.new("okx")).id
            _ = try await bench.database.write {
                try $0.execute("UPDATE exchange_keys SET api_secret = 'AAAA' WHERE key_id = \(id)")
            }
            #expect(try await refusal(bench, bench.key)?.hasPrefix("exchange keys \(id) (okx/default): cannot") == true)
            await bench.keyring.reload()
            #expect(bench.holder.accounts == ["binance/default"], "the other account goes on")
            let faults = try await bench.keyring.readiness().last?.faults
            #expect(faults == ["the stored secret of key \(id) cannot be opened"])
        }
    }

    @Test func `a rotation seals everything anew, and what trades does not notice`() async throws {
        try await withKeys { bench in
            _ = try await bench.keyring.add(bench.new("okx", passphrase: "open sesame"))
            _ = try await bench.keyring.add(bench.new())
            let before = try await bench.rows()
            let accounts = bench.holder.given.last
            let publicText = try await bench.keyring.rotate()
            let new = try #require(bench.file.present)
            #expect(new.publicText == publicText && new != bench.key && bench.file.next == nil)
            let after = try await bench.rows()
            for (old, row) in zip(before, after) {
                #expect(row.sealed.opened(row.apiKey, with: new) == old.sealed.opened(old.apiKey, with: bench.key))
                #expect(row.sealed.opened(row.apiKey, with: bench.key) == nil)
            }
            #expect(bench.holder.given.last == accounts)
            #expect(try await refusal(bench, new) == nil)
            #expect(try await refusal(bench, bench.key) != nil)
            // A client that still has the old public key is told.
            let stale = try bench.new("mexc")
            await #expect(throws: ExchangeKeyError.notOpened(field: "api_secret")) {
                try await bench.keyring.add(stale)
            }
        }
    }

    @Test func `cut short after the commit, the next start takes the new key; before it, the old one (H49)`()
        async throws
    {
        try await withKeys { bench in
            _ = try await bench.keyring.add(bench.new())
            // Before: the new key lies beside, and nothing is sealed to it.
            let unused = try #require(EncryptionKey.random())
            try bench.file.keepNext(unused.privateText)
            func choice() async throws -> EncryptionKeyChoice {
                let sealedTo = try await bench.database.read { try EncryptionKeyStore(transaction: $0).publicText() }
                return EncryptionKeyChoice(
                    sealedTo: sealedTo, present: try #require(bench.file.present), next: bench.file.next)
            }
            #expect(try await choice() == .dropNext)
            bench.file.dropNext()
            #expect(try await choice() == .present)
            // After: everything is sealed to the new key, which still lies beside.
            bench.file.failToPromote()
            await #expect(throws: ExchangeKeyError.self) { try await bench.keyring.rotate() }
            #expect(try await choice() == .promoteNext)
            #expect(try await refusal(bench, try #require(bench.file.next)) == nil)
            #expect(
                EncryptionKeyChoice(sealedTo: "another", present: bench.key, next: nil) == .neither)
        }
    }

    @Test func `one secret that does not open stops a rotation, and nothing is changed`() async throws {
        try await withKeys { bench in
            _ = try await bench.keyring.add(bench.new())
            let id = try await bench.keyring.add(bench.new("okx")).id
            _ = try await bench.database.write {
                try $0.execute("UPDATE exchange_keys SET api_secret = 'AAAA' WHERE key_id = \(id)")
            }
            let before = try await bench.rows()
            await #expect(throws: ExchangeKeyError.self) { try await bench.keyring.rotate() }
            #expect(try await bench.rows() == before)
            #expect(bench.file.present == bench.key && bench.file.next == nil)
        }
    }

    @Test func `another process's rotation is noticed: nothing is sealed to the old key, no account is dropped`()
        async throws
    {
        try await withKeys { bench in
            _ = try await bench.keyring.add(bench.new())
            let other = try #require(EncryptionKey.random())
            let (old, now) = (bench.key, bench.time.now())
            _ = try await bench.database.write { try KeyRotation(from: old, to: other).carryOut($0, now: now) }
            let late = try bench.new("okx")
            await #expect(throws: ExchangeKeyError.self) { try await bench.keyring.add(late) }
            #expect(try await bench.rows().count == 1)
            await bench.keyring.reload()
            #expect(bench.holder.accounts == ["binance/default"])
            #expect(try await bench.keyring.readiness().first?.faults.first?.contains("another process") == true)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `the schema comes forward from every earlier one`(_ engine: DatabaseEngine) async throws {
        try await withEveryEarlierSchema(engine, ExchangeKeyMigrations.all)
    }
}
