import TradingCore

/// How long a candle is.
enum CandleInterval: String, CaseIterable, Sendable {
    case second = "1s"
    case minute = "1m"
    case minutes3 = "3m"
    case minutes5 = "5m"
    case minutes15 = "15m"
    case minutes30 = "30m"
    case hour = "1h"
    case hours2 = "2h"
    case hours4 = "4h"
    case hours6 = "6h"
    case hours8 = "8h"
    case hours12 = "12h"
    case day = "1d"
    case days3 = "3d"
    case week = "1w"
    case month = "1M"

    /// Nil for a month.
    private var seconds: Int64? {
        switch self {
        case .second: 1
        case .minute: 60
        case .minutes3: 180
        case .minutes5: 300
        case .minutes15: 900
        case .minutes30: 1_800
        case .hour: 3_600
        case .hours2: 7_200
        case .hours4: 14_400
        case .hours6: 21_600
        case .hours8: 28_800
        case .hours12: 43_200
        case .day: 86_400
        case .days3: 259_200
        case .week: 604_800
        case .month: nil
        }
    }

    /// The start of the stretch that holds a moment; weeks start on Mondays.
    /// - Parameter offset: seconds that the day of the asker is ahead.
    func start(of time: Timestamp, offset: Int64 = 0) -> Timestamp {
        let shift = offset * Nanoseconds.perSecond
        let local = time.nanoseconds + shift
        guard let seconds else { return Timestamp(nanoseconds: CandleInterval.month(local, by: 0) - shift) }
        let length = seconds * Nanoseconds.perSecond
        // 1970-01-01 was a Thursday; the first Monday came four days later.
        let anchor = self == .week ? 4 * Nanoseconds.perDay : 0
        let rest = (local - anchor) % length
        return Timestamp(nanoseconds: local - (rest < 0 ? rest + length : rest) - shift)
    }

    /// The start of the next stretch.
    func end(of start: Timestamp, offset: Int64 = 0) -> Timestamp {
        guard let seconds else {
            let shift = offset * Nanoseconds.perSecond
            return Timestamp(nanoseconds: CandleInterval.month(start.nanoseconds + shift, by: 1) - shift)
        }
        return start.advanced(byNanoseconds: seconds * Nanoseconds.perSecond)
    }

    /// The first moment of the month that holds `time`, or of a later one. Howard Hinnant, "chrono-Compatible Low-Level
    /// Date Algorithms", from 1970 on.
    private static func month(_ time: Int64, by months: Int64) -> Int64 {
        let days = time / Nanoseconds.perDay + 719_468
        let era = days / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let count = year * 12 + (month - 1) + months
        return daysFromCivil(count / 12, count % 12 + 1) * Nanoseconds.perDay
    }

    private static func daysFromCivil(_ year: Int64, _ month: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
