import TradingCore

/// A fault file, or what is posted to the control endpoint, that cannot be used.
public struct SpotFaultError: Error, CustomStringConvertible, Sendable {
    public let description: String
}

extension SpotFault {
    /// A list of faults, or an object with the list in `faults`.
    static func list(_ text: String) throws(SpotFaultError) -> (faults: [SpotFault], seed: UInt64?) {
        let value: JSONValue
        do { value = try JSONValue(text) } catch { throw SpotFaultError(description: "faults: \(error)") }
        var seed: UInt64?
        if let number = value["seed"] {
            guard case .number(let text) = number, let read = UInt64(text) else {
                throw SpotFaultError(description: "seed: must be a whole number from 0")
            }
            seed = read
        }
        let list: [JSONValue]
        switch value {
        case .array(let elements): list = elements
        case .object:
            if case .array(let elements)? = value["faults"] { list = elements } else { list = [value] }
        default: throw SpotFaultError(description: "faults: must be a list of faults")
        }
        var faults: [SpotFault] = []
        for (index, element) in list.enumerated() { faults.append(try SpotFault(element, at: "faults[\(index)]")) }
        return (faults, seed)
    }

    private init(_ value: JSONValue, at place: String) throws(SpotFaultError) {
        guard case .object(let members) = value else {
            throw SpotFaultError(description: "\(place): must be an object")
        }
        guard case .string(let name)? = value["kind"], let kind = Kind(rawValue: name) else {
            let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw SpotFaultError(description: "\(place).kind: must be one of \(kinds)")
        }
        self.init(kind: kind)
        for member in members where member.key != "kind" {
            try read(member, "\(place).\(member.key)")
            guard kind.fields.contains(member.key) else {
                let known = kind.fields.joined(separator: ", ")
                throw SpotFaultError(
                    description:
                        "\(place).\(member.key) \(JSON(member.value).rendered): must be left out of \(kind.rawValue), which has \(known)"
                )
            }
        }
        if kind == .ruleChange, symbol == nil || rules == nil {
            throw SpotFaultError(description: "\(place): a ruleChange needs symbol and rules")
        }
    }

    private mutating func read(_ member: JSONValue.Member, _ place: String) throws(SpotFaultError) {
        let value = member.value
        switch member.key {
        case "on": on = try SpotFault.names(value, place)
        case "account": account = try SpotFault.text(value, place)
        case "symbol": symbol = try SpotFault.text(value, place)
        case "probability":
            guard case .number(let text) = value, let number = Double(text), (0...1).contains(number) else {
                throw SpotFaultError(description: "\(place): must be a number from 0 to 1")
            }
            probability = number
        case "count": count = Int(try SpotFault.number(value, place, in: 0...1_000_000_000))
        case "skip": skip = Int(try SpotFault.number(value, place, in: 0...1_000_000_000))
        case "milliseconds": milliseconds = try SpotFault.number(value, place, in: 0...86_400_000)
        case "status": status = Int(try SpotFault.number(value, place, in: 500...599))
        case "percent": percent = try SpotFault.number(value, place, in: 1...100)
        case "acts":
            guard case .bool(let flag) = value else {
                throw SpotFaultError(description: "\(place): must be true or false")
            }
            acts = flag
        case "rules": rules = try SpotFault.change(value, place)
        default: throw SpotFaultError(description: "\(place): no such field")
        }
    }

    private static func names(_ value: JSONValue, _ place: String) throws(SpotFaultError) -> [String] {
        if case .string(let name) = value { return [name] }
        guard case .array(let elements) = value else {
            throw SpotFaultError(description: "\(place): must be a list of names")
        }
        var names: [String] = []
        for element in elements { names.append(try text(element, place)) }
        return names
    }

    private static func text(_ value: JSONValue, _ place: String) throws(SpotFaultError) -> String {
        guard case .string(let text) = value, !text.isEmpty else {
            throw SpotFaultError(description: "\(place): must be a text")
        }
        return text
    }

    private static func number(
        _ value: JSONValue, _ place: String, in range: ClosedRange<Int64>
    ) throws(SpotFaultError) -> Int64 {
        guard case .number(let text) = value, let number = Int64(text), range.contains(number) else {
            throw SpotFaultError(
                description: "\(place): must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func decimal(_ value: JSONValue, _ place: String) throws(SpotFaultError) -> FixedDecimal {
        let text: String
        switch value {
        case .string(let string): text = string
        case .number(let number): text = number
        default: text = ""
        }
        guard let number = FixedDecimal(text), !number.isNegative else {
            throw SpotFaultError(description: "\(place): must be a decimal from 0")
        }
        return number
    }

    private static func change(_ value: JSONValue, _ place: String) throws(SpotFaultError) -> RuleChange {
        guard case .object(let members) = value, !members.isEmpty else {
            throw SpotFaultError(description: "\(place): must be an object with at least one rule")
        }
        var change = RuleChange()
        for member in members {
            let place = "\(place).\(member.key)"
            switch member.key {
            case "tickSize": change.tickSize = try decimal(member.value, place)
            case "stepSize": change.stepSize = try decimal(member.value, place)
            case "minNotional": change.minNotional = try decimal(member.value, place)
            case "maxNumOrders": change.maxNumOrders = try number(member.value, place, in: 1...1_000_000)
            case "status":
                guard case .string(let name) = member.value, let status = SymbolStatus(rawValue: name) else {
                    throw SpotFaultError(
                        description: "\(place): must be TRADING, HALT, BREAK, END_OF_DAY or CANCEL_ONLY")
                }
                change.status = status
            default: throw SpotFaultError(description: "\(place): no such rule")
            }
        }
        return change
    }
}

/// What the faults that struck make of one request.
struct RequestFate: Sendable {
    /// To wait before looking at the request, and before answering.
    var before: Int64 = 0
    var after: Int64 = 0
    /// Hang up; having acted or not.
    var hangsUp = false
    var acts = true
    /// To answer with instead.
    var error: SpotError?
    var isLimit = false
    /// Seconds.
    var ban: Int64?
    /// Share of the order that fills once it rests, and before it is cancelled.
    var fillsPlaced: Int64?
    var fillsCancelled: Int64?
    var balanceLag: Int64 = 0

    init(_ faults: [SpotFault]) {
        for fault in faults {
            switch fault.kind {
            case .delay: after += fault.milliseconds
            case .late: before += fault.milliseconds
            case .drop: hangsUp = true
            case .disconnect: (hangsUp, acts) = (true, false)
            case .status:
                acts = acts && fault.acts
                error = SpotError(
                    -1000, "An unknown error occurred while processing the request.", status: fault.status)
            case .limit: isLimit = true
            case .ban: ban = max(1, fault.milliseconds / 1_000)
            case .partialFill: fillsPlaced = min(fault.percent, 99)
            case .fillDuringCancel: fillsCancelled = fault.percent
            case .balanceLag: balanceLag = max(balanceLag, fault.milliseconds)
            case .silent, .gap, .stale, .duplicate, .reorder, .ruleChange: break
            }
        }
    }
}
