/// What a field says.
struct CronFieldValues: Hashable, Sendable {
    /// Bit n stands for the value n.
    var values: UInt64 = 0
    /// `L` in the day of month: the last one.
    var isLastDay = false
    /// Bit n: `nL` in the day of week, the last such day of the month.
    var lastWeekdays: UInt8 = 0
    /// `n#k`: of each weekday, bit k for the k-th of the month.
    var numberedWeekdays: [UInt8] = Array(repeating: 0, count: 7)
}

/// Reads one field: a list of values, ranges and steps, as a set of bits.
struct CronFieldParser {
    let field: CronField
    let text: Substring

    func parse() throws(CronExpressionError) -> CronFieldValues {
        var days = CronFieldValues()
        for atom in text.split(separator: ",", omittingEmptySubsequences: false) {
            if try readDay(atom, into: &days) { continue }
            days.values |= try bits(atom)
        }
        return days
    }

    /// - Returns: whether the atom was one of those that only day fields know.
    private func readDay(_ atom: Substring, into days: inout CronFieldValues) throws(CronExpressionError) -> Bool {
        if field == .dayOfMonth, atom == "L" || atom == "l" {
            days.isLastDay = true
            return true
        }
        guard field == .dayOfWeek else { return false }
        if atom.last == "L" || atom.last == "l" {
            days.lastWeekdays |= 1 << UInt8(try number(atom.dropLast(), of: atom) % 7)
            return true
        }
        let parts = atom.split(separator: "#", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        guard let nth = Int(parts[1]), (1...5).contains(nth) else {
            throw .outOfRange(field, value: String(atom), allowed: 1...5)
        }
        days.numberedWeekdays[try number(parts[0], of: atom) % 7] |= 1 << UInt8(nth)
        return true
    }

    private func bits(_ atom: Substring) throws(CronExpressionError) -> UInt64 {
        let parts = atom.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw .malformed(field, value: String(atom)) }
        let step = parts.count == 2 ? try step(parts[1], of: atom) : 1
        let range = try range(parts[0], isStepped: parts.count == 2, of: atom)
        var bits: UInt64 = 0
        for value in stride(from: range.lowerBound, through: range.upperBound, by: step) { bits |= 1 << UInt64(value) }
        return bits
    }

    private func step(_ text: Substring, of atom: Substring) throws(CronExpressionError) -> Int {
        guard let step = natural(text) else { throw .malformed(field, value: String(atom)) }
        let allowed = 1...field.allowed.upperBound
        guard allowed.contains(step) else { throw .outOfRange(field, value: String(atom), allowed: allowed) }
        return step
    }

    /// - Parameter isStepped: `5/15` runs from 5 to the field's end.
    private func range(
        _ text: Substring, isStepped: Bool, of atom: Substring
    ) throws(CronExpressionError) -> ClosedRange<Int> {
        if text == "*" { return field.allowed }
        if text == "?", field == .dayOfMonth || field == .dayOfWeek { return field.allowed }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2 else { throw .malformed(field, value: String(atom)) }
        let lower = try number(ends[0], of: atom)
        guard ends.count == 2 else { return isStepped ? lower...field.allowed.upperBound : lower...lower }
        var upper = try number(ends[1], of: atom)
        // A week may be written to its end: FRI-SUN.
        if field == .dayOfWeek, upper == 0, lower > 0 { upper = 7 }
        guard lower <= upper else { throw .backwardRange(field, value: String(atom)) }
        return lower...upper
    }

    private func number(_ text: Substring, of atom: Substring) throws(CronExpressionError) -> Int {
        guard let number = natural(text) ?? field.number(named: text) else {
            throw .malformed(field, value: String(atom))
        }
        guard field.allowed.contains(number) else {
            throw .outOfRange(field, value: String(atom), allowed: field.allowed)
        }
        return number
    }

    /// Digits alone: no sign, no blank.
    private func natural(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 9, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}
