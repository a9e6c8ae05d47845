import Exchanges
import Foundation
import Testing
import TradingCore

@testable import ExchangeFixtures

/// The runner itself: what is expected is spoiled in one place at a time, and the case has to fail.
@Suite(.enabled(if: FixtureFolder.root != nil, Comment(rawValue: FixtureFolder.absence)))
struct SpoiledFixturesTests {
    let fixtures: ExchangeFixtures
    let folder = FixtureFolder.exchanges + "/binance"

    init() throws { fixtures = try ExchangeFixtures(.binance, folder) }

    func file(_ name: String) throws -> JSONValue { try #require(try FixtureFile.json(name, in: folder)) }

    @Test func `no number, word or flag of an expected answer can change unnoticed`() throws {
        let unjudged = AnswerJudge.optionalKeys.union(["info", "fees", "numericId", "margin", "contract"])
        try spoil("response", in: "parsedResponse", skipping: unjudged) { fixtures.runAnswers($0) }
    }

    @Test func `no number, word or flag of an expected request can change unnoticed`() throws {
        var count = 0
        for (method, item) in try cases("request") where item.text("tier") == "core" {
            for key in ["url", "output"] {
                guard let text = item.text(key) else { continue }
                // One parameter more, and each value longer by a digit.
                let query = key == "url" ? RequestJudge.query(text) : text
                var spoiled = [text + (key == "url" && query.isEmpty ? "?" : "&") + "spoiled=1"]
                if key == "output" || item["output"] == nil {
                    for pair in query.split(separator: "&")
                    where !pair.hasPrefix("timestamp") && !pair.hasPrefix("signature") {
                        if pair.hasPrefix("recvWindow") || pair.hasPrefix("newClientOrderId") { continue }
                        spoiled.append(text.replacing(pair, with: pair + "0"))
                    }
                }
                if key == "url", item["output"] != nil { spoiled = [text + "/spoiled"] }
                for other in spoiled {
                    count += 1
                    let tally = fixtures.runRequests(file(of: method, item.setting(key, .string(other)), "request"))
                    #expect(tally.failures.count == 1, "\(item.text("id") ?? ""): \(other)")
                }
            }
        }
        #expect(count > 60)
    }

    @Test func `no signature, error or rounding can change unnoticed`() throws {
        for item in try file("signed")["cases"]?.elements ?? [] {
            for key in ["url", "body", "method"] {
                guard let signed = item["signed"], let text = signed.text(key) else { continue }
                let spoiled = item.setting("signed", signed.setting(key, .string(text + "0")))
                let tally = fixtures.runSignatures(try file("signed").setting("cases", .array([spoiled])))
                #expect(tally.failures.count == 1, "\(item.text("id") ?? "") \(key)")
            }
        }
        let oracle = try file("oracle")
        for item in oracle["errors"]?.elements ?? [] {
            let spoiled = item.setting("unified", .string("BaseError"))
            #expect(fixtures.runOracle(.object([.init(key: "errors", value: .array([spoiled]))])).failures.count == 1)
        }
        for item in oracle["precision"]?.elements ?? [] {
            let key = item["result"] == nil ? "error" : "result"
            let spoiled = item.setting(key, .string((item.text(key) ?? "") + "1"))
            #expect(
                fixtures.runOracle(.object([.init(key: "precision", value: .array([spoiled]))])).failures.count == 1)
        }
    }

    @Test func `no market or currency can change unnoticed`() throws {
        let markets = try file("markets")
        for (list, judged) in [
            ("markets", ["id", "base", "baseId", "precision", "taker", "maker", "active"]),
            ("currencies", ["id", "precision", "fee", "deposit", "withdraw", "active", "type"]),
        ] {
            for entry in markets[list]?.members ?? [] {
                for key in judged {
                    guard let value = entry.value[key], !value.isNull else { continue }
                    let spoiled = entry.value.setting(key, value.spoiledLeaves(skipping: []).first ?? .null)
                    let other = try ExchangeFixtures(
                        .binance, folder,
                        markets: .object([.init(key: list, value: .object([.init(key: entry.key, value: spoiled)]))]))
                    #expect(other.runMarkets().failures.count == 1, "\(entry.key) \(key)")
                }
            }
        }
    }

    @Test func `nothing that a watcher is handed can change unnoticed`() throws {
        var count = 0
        let unjudged = AnswerJudge.optionalKeys.union(["info", "fees", "timestamp", "datetime", "symbol"])
        for item in try file("ws")["cases"]?.elements ?? [] {
            let steps = item["steps"]?.elements ?? []
            for (index, step) in steps.enumerated() {
                for (place, resolve) in (step["resolves"]?.elements ?? []).enumerated() {
                    guard let result = resolve["result"] else { continue }
                    // Of lists the newest entry is judged, of books prices and amounts.
                    let spoiled: [JSONValue]
                    if let elements = result.elements, let last = elements.last {
                        spoiled = last.spoiledLeaves(skipping: unjudged).map { .array(elements.dropLast() + [$0]) }
                    } else {
                        spoiled = result.spoiledLeaves(skipping: unjudged)
                    }
                    for other in spoiled {
                        count += 1
                        let resolves = (step["resolves"]?.elements ?? []).replacing(
                            place, with: resolve.setting("result", other))
                        let changed = steps.replacing(index, with: step.setting("resolves", .array(resolves)))
                        let file = JSONValue.object([
                            .init(key: "cases", value: .array([item.setting("steps", .array(changed))]))
                        ])
                        #expect(
                            fixtures.runStreams(file).failures.count == 1,
                            "\(item.text("id") ?? "") step \(index): \(other.compactText)")
                    }
                }
            }
        }
        #expect(count > 100)
    }

    @Test func `a step that should say nothing, or lose the book, is held to it`() throws {
        let cases = try file("ws")["cases"]?.elements ?? []
        let gap = try #require(cases.first { $0.text("id") == "binance.ws.book.gap" })
        let steps = gap["steps"]?.elements ?? []
        // The gap is closed, and the error still expected; then nothing expected where the book changes.
        let message = try #require(steps[2]["message"])
        let closed = steps.replacing(
            2, with: steps[2].setting("message", message.setting("U", .number("163"))))
        let silent = steps.replacing(1, with: steps[1].setting("resolves", .array([])))
        for other in [closed, silent] {
            let file = JSONValue.object([
                .init(key: "cases", value: .array([gap.setting("steps", .array(other))]))
            ])
            #expect(fixtures.runStreams(file).failures.count == 1)
        }
    }

    @Test func `only extra cases may be unsupported`() throws {
        let (method, item) = try #require(
            try cases("request").first { $0.1["input"]?.compactText.contains("\"test\"") == true })
        #expect(fixtures.runRequests(file(of: method, item, "request")).skipped.count == 1)
        let core = item.setting("tier", .string("core"))
        #expect(fixtures.runRequests(file(of: method, core, "request")).failures.count == 1)
    }

    @Test func `a folder that no connector is named after is a failure`() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("fixtures-\(UUID())")
        defer { try? FileManager.default.removeItem(at: root) }
        let folder = root.appendingPathComponent("nosuchexchange")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("{}".utf8).write(to: folder.appendingPathComponent("request.json"))
        let tally = try FixtureRunner.exchanges(root.path)
        #expect(tally.summary == "0 passed, 1 failed")
        #expect(throws: (any Error).self) { try FixtureRunner.exchanges(root.path + "/nothing") }
    }

    // MARK: - Spoiling

    private func cases(_ name: String) throws -> [(String, JSONValue)] {
        (try file(name)["methods"]?.members ?? []).flatMap { method in
            (method.value.elements ?? []).map { (method.key, $0) }
        }
    }

    /// The fixture file with one case.
    private func file(of method: String, _ item: JSONValue, _ name: String) -> JSONValue {
        let whole = (try? file(name)) ?? .null
        return whole.setting("methods", .object([.init(key: method, value: .array([item]))]))
    }

    private func spoil(
        _ name: String, in key: String, skipping keys: Set<String>, _ run: (JSONValue) -> FixtureTally
    ) throws {
        var count = 0
        for (method, item) in try cases(name) where item.text("tier") == "core" {
            var expected = item[key] ?? .null
            if method == "fetchCurrencies" { expected = ExchangeFixtures.judged(currencies: expected) }
            let leaves = expected.spoiledLeaves(skipping: keys)
            // Of long answers every so many.
            for index in stride(from: 0, to: leaves.count, by: leaves.count / 60 + 1) {
                let spoiled = leaves[index]
                count += 1
                let tally = run(file(of: method, item.setting(key, spoiled), name))
                #expect(tally.failures.count == 1, "\(item.text("id") ?? ""): \(spoiled.compactText.prefix(300))")
            }
        }
        #expect(count > 100)
    }
}

extension JSONValue {
    func setting(_ key: String, _ value: JSONValue) -> JSONValue {
        guard case .object(let members) = self else { return self }
        let member = Member(key: key, value: value)
        guard let index = members.firstIndex(where: { $0.key == key }) else { return .object(members + [member]) }
        var changed = members
        changed[index] = member
        return .object(changed)
    }

    /// This value with one leaf changed, for each leaf in turn.
    func spoiledLeaves(skipping keys: Set<String>) -> [JSONValue] {
        switch self {
        case .null: []
        case .bool(let flag): [.bool(!flag)]
        case .number(let text):
            [.number(text.hasPrefix("9") ? "8" + text.dropFirst() : "9" + text.dropFirst())].filter { $0 != self }
        case .string(let text): [.string(text + "x")]
        case .array(let elements):
            elements.indices.flatMap { index in
                elements[index].spoiledLeaves(skipping: keys).map { .array(elements.replacing(index, with: $0)) }
            }
        case .object(let members):
            members.filter { !keys.contains($0.key) }.flatMap { member in
                member.value.spoiledLeaves(skipping: keys).map { setting(member.key, $0) }
            }
        }
    }
}

extension [JSONValue] {
    func replacing(_ index: Int, with element: JSONValue) -> [JSONValue] {
        var copy = self
        copy[index] = element
        return copy
    }
}
