import Foundation
import Jobs
import Testing
import TradingCore

private func at(_ text: String) throws -> Timestamp {
    let date = try Date(text, strategy: .iso8601)
    return Timestamp(nanoseconds: Int64(date.timeIntervalSince1970) * Nanoseconds.perSecond)
}

@Suite struct CronExpressionTests {
    @Test(arguments: [
        ("* * * * *", "2024-02-28T23:59:00Z", "2024-02-29T00:00:00Z"),
        ("*/15 * * * *", "2024-01-01T00:15:00Z", "2024-01-01T00:30:00Z"),
        ("5/15 * * * *", "2024-01-01T00:50:00Z", "2024-01-01T01:05:00Z"),
        ("10-30/10 * * * *", "2024-01-01T00:30:00Z", "2024-01-01T01:10:00Z"),
        ("0,30 9-17 * * MON-FRI", "2024-01-05T17:30:00Z", "2024-01-08T09:00:00Z"),
        ("0 0 * * fri-sun", "2024-01-04T00:00:00Z", "2024-01-05T00:00:00Z"),
        ("0 0 * * 7", "2024-01-01T00:00:00Z", "2024-01-07T00:00:00Z"),
        ("0 0 * * 5-7", "2024-01-06T00:00:00Z", "2024-01-07T00:00:00Z"),
        ("0 12 ? feb,AUG ?", "2024-02-29T12:00:00Z", "2024-08-01T12:00:00Z"),
        ("*/10 * * * * *", "2024-01-01T00:00:55Z", "2024-01-01T00:01:00Z"),
        ("30 15 10 * * *", "2024-01-01T10:15:30Z", "2024-01-02T10:15:30Z"),
        // Either day is enough when both are restricted.
        ("0 0 13 * 5", "2024-09-06T00:00:00Z", "2024-09-13T00:00:00Z"),
        ("0 0 13 * 5", "2024-09-13T00:00:00Z", "2024-09-20T00:00:00Z"),
        ("0 0 1-31 * 1", "2024-01-01T00:00:00Z", "2024-01-08T00:00:00Z"),
        // 0-6 is written out, so it restricts, as cron-parser has it; `*` does not.
        ("0 0 1 * 0-6", "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"),
        ("0 0 1 * *", "2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"),
        ("0 0 30 1,2 *", "2024-01-30T00:00:00Z", "2025-01-30T00:00:00Z"),
        ("0 0 29 2 *", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"),
        ("0 0 L * *", "2024-01-31T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("0 0 15,L 2 *", "2023-02-15T00:00:00Z", "2023-02-28T00:00:00Z"),
        ("0 0 * * 5L", "2024-02-01T00:00:00Z", "2024-02-23T00:00:00Z"),
        ("0 0 * * 1#2", "2024-01-01T00:00:00Z", "2024-01-08T00:00:00Z"),
        ("0 0 * 2 FRI#5", "2024-01-01T00:00:00Z", "2036-02-29T00:00:00Z"),
        ("@yearly", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("@monthly", "2024-12-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("@weekly", "2024-01-01T00:00:00Z", "2024-01-07T00:00:00Z"),
        ("@daily", "1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z"),
        ("@HOURLY", "2024-01-01T00:59:59Z", "2024-01-01T01:00:00Z"),
        ("@minutely", "2024-01-01T00:00:01Z", "2024-01-01T00:01:00Z"),
        ("  0   5 *  * * ", "2024-01-01T05:00:00Z", "2024-01-02T05:00:00Z"),
    ])
    func `the next time is as cron has it`(_ text: String, _ from: String, _ next: String) throws {
        #expect(try CronExpression(text).next(after: at(from)) == at(next))
    }

    @Test func `next is later than now by less than a second where seconds are free`() throws {
        let every = try CronExpression("* * * * * *")
        for (now, next) in [(0, 1), (-1, 0), (1, 1_000_000_000), (-1_000_000_000, 0), (999_999_999, 1_000_000_000)] {
            let found = every.next(after: Timestamp(nanoseconds: Int64(now)))
            #expect(found == Timestamp(nanoseconds: next == 1 ? 1_000_000_000 : Int64(next)))
        }
    }

    @Test func `time ends in 2262, and so does every schedule`() throws {
        #expect(try CronExpression("* * * * * *").next(after: .distantFuture) == nil)
        #expect(try CronExpression("@yearly").next(after: at("2262-01-01T00:00:00Z")) == nil)
        #expect(try CronExpression("@yearly").next(after: .distantPast) == at("1678-01-01T00:00:00Z"))
    }

    @Test(arguments: [
        ("", CronExpressionError.fieldCount(0, text: "")),
        ("* * * *", .fieldCount(4, text: "* * * *")),
        ("* * * * * * *", .fieldCount(7, text: "* * * * * * *")),
        ("@fortnightly", .unknownName("@fortnightly")),
        ("60 * * * *", .outOfRange(.minute, value: "60", allowed: 0...59)),
        ("60 * * * * *", .outOfRange(.second, value: "60", allowed: 0...59)),
        ("* 24 * * *", .outOfRange(.hour, value: "24", allowed: 0...23)),
        ("* * 0 * *", .outOfRange(.dayOfMonth, value: "0", allowed: 1...31)),
        ("* * * 13 *", .outOfRange(.month, value: "13", allowed: 1...12)),
        ("* * * * 8", .outOfRange(.dayOfWeek, value: "8", allowed: 0...7)),
        ("* * * * 1#6", .outOfRange(.dayOfWeek, value: "1#6", allowed: 1...5)),
        ("*/0 * * * *", .outOfRange(.minute, value: "*/0", allowed: 1...59)),
        ("*/60 * * * *", .outOfRange(.minute, value: "*/60", allowed: 1...59)),
        ("30-10 * * * *", .backwardRange(.minute, value: "30-10")),
        ("* * * * 5-2", .backwardRange(.dayOfWeek, value: "5-2")),
        ("1,,2 * * * *", .malformed(.minute, value: "")),
        ("a * * * *", .malformed(.minute, value: "a")),
        ("-1 * * * *", .malformed(.minute, value: "-1")),
        ("+1 * * * *", .malformed(.minute, value: "+1")),
        ("1-2-3 * * * *", .malformed(.minute, value: "1-2-3")),
        ("1/2/3 * * * *", .malformed(.minute, value: "1/2/3")),
        ("? * * * *", .malformed(.minute, value: "?")),
        ("99999999999999999999 * * * *", .malformed(.minute, value: "99999999999999999999")),
        ("* * * jan-foo *", .malformed(.month, value: "jan-foo")),
        ("* * * mon *", .malformed(.month, value: "mon")),
        ("* * 15W * *", .malformed(.dayOfMonth, value: "15W")),
        ("0 0 30 2 *", .noSuchDay(value: "30", months: "2")),
        ("0 0 31 2,4,JUN *", .noSuchDay(value: "31", months: "2,4,JUN")),
    ])
    func `what is no schedule says which field, and why`(_ text: String, _ error: CronExpressionError) {
        #expect(throws: error) { try CronExpression(text) }
        #expect(!error.description.isEmpty)
    }

    @Test func `30 February together with a weekday is that weekday`() throws {
        #expect(try CronExpression("0 0 30 2 1").next(after: at("2024-01-01T00:00:00Z")) == at("2024-02-05T00:00:00Z"))
    }
}
