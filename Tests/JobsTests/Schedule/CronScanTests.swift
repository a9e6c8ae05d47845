import Jobs
import Scheduling
import Testing
import TradingCore

/// A second implementation: a calendar walked second by second, and fields kept as plain lists.
private struct NaiveCron {
    var text: [String] = []
    var allowed: [[Int]] = []
    var isAny: [Bool] = []

    private static let limits = [0...59, 0...59, 0...23, 1...31, 1...12, 0...6]

    /// A random schedule with its meaning.
    init(_ random: inout SplitMix64, hasSeconds: Bool) {
        for (index, limits) in Self.limits.enumerated() {
            if index == 0, !hasSeconds {
                add("0", [0])
                continue
            }
            // Times of day are often free, so that the next moment is near enough to be walked to.
            switch random.below(index < 3 ? 8 : 6) {
            case 0: addList(&random, limits)
            case 1: addRange(&random, limits, step: 1)
            case 2: addRange(&random, limits, step: 2 + Int(random.below(6)))
            default: add("*", Array(limits), isAny: true)
            }
        }
    }

    private mutating func add(_ text: String, _ values: [Int], isAny: Bool = false) {
        self.text.append(text)
        allowed.append(values)
        self.isAny.append(isAny)
    }

    private mutating func addList(_ random: inout SplitMix64, _ limits: ClosedRange<Int>) {
        let values = (0...random.below(3)).map { _ in limits.lowerBound + Int(random.below(UInt64(limits.count))) }
        add(values.map(String.init).joined(separator: ","), values)
    }

    private mutating func addRange(_ random: inout SplitMix64, _ limits: ClosedRange<Int>, step: Int) {
        let lower = limits.lowerBound + Int(random.below(UInt64(limits.count)))
        let upper = lower + Int(random.below(UInt64(limits.upperBound - lower + 1)))
        let values = Array(stride(from: lower, through: upper, by: step))
        add(
            step == 1 ? "\(lower)-\(upper)" : "\(lower)-\(upper)/\(step)", values,
            isAny: values == Array(limits) && limits.upperBound == 31)
    }

    /// Walks from `second`, not counted, at most `days` days on.
    func next(after second: Int, days: Int, start: (year: Int, month: Int, day: Int, weekday: Int)) -> Int? {
        var (year, month, day, weekday) = start
        var midnight = 0
        for _ in 0...days {
            if matches(month, day, weekday), let offset = time(after: second - midnight) { return midnight + offset }
            midnight += 86_400
            weekday = (weekday + 1) % 7
            day += 1
            let isLeap = year % 4 == 0
            let length = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
            if day > length { (day, month) = (1, month + 1) }
            if month > 12 { (month, year) = (1, year + 1) }
        }
        return nil
    }

    private func time(after second: Int) -> Int? {
        for hour in 0..<24 where hour * 3_600 + 3_599 > second && allowed[2].contains(hour) {
            for minute in 0..<60
            where hour * 3_600 + minute * 60 + 59 > second && allowed[1].contains(minute) {
                for candidate in 0..<60 where allowed[0].contains(candidate) {
                    let offset = hour * 3_600 + minute * 60 + candidate
                    if offset > second { return offset }
                }
            }
        }
        return nil
    }

    private func matches(_ month: Int, _ day: Int, _ weekday: Int) -> Bool {
        guard allowed[4].contains(month) else { return false }
        let (ofMonth, ofWeek) = (allowed[3].contains(day), allowed[5].contains(weekday))
        if isAny[3], isAny[5] { return true }
        if isAny[3] { return ofWeek }
        if isAny[5] { return ofMonth }
        return ofMonth || ofWeek
    }
}

@Suite struct CronScanTests {
    @Test func `the next time is the one that a walk second by second finds`() throws {
        // A Thursday in a year before a leap year, so that a walk crosses 29 February.
        let (start, date) = (1_672_272_000 / 86_400 * 86_400, (year: 2022, month: 12, day: 29, weekday: 4))
        var (checked, none) = (0, 0)
        for seed in UInt64(1)...200 {
            var random = SplitMix64(seed: seed)
            let naive = NaiveCron(&random, hasSeconds: seed % 2 == 0)
            let text = naive.text.dropFirst(seed % 2 == 0 ? 0 : 1).joined(separator: " ")
            guard let cron = try? CronExpression(text) else {
                // Only a day that no month has is refused.
                #expect(naive.next(after: -1, days: 1_500, start: date) == nil, "seed \(seed): \(text)")
                none += 1
                continue
            }
            var second = Int(random.below(86_400))
            for _ in 0..<5 {
                guard let expected = naive.next(after: second, days: 1_500, start: date) else { break }
                let moment = Timestamp(nanoseconds: Int64(start + second) * Nanoseconds.perSecond)
                let found = cron.next(after: moment).map { Int($0.nanoseconds / Nanoseconds.perSecond) - start }
                #expect(found == expected, "seed \(seed): \(text) after \(second)")
                second = expected
                checked += 1
            }
        }
        #expect(checked > 700)
        #expect(none < 20)
    }
}
