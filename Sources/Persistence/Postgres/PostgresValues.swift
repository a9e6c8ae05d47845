import CPostgres
import Foundation

/// PostgreSQL's types that values of ours have: https://www.postgresql.org/docs/15/catalog-pg-type.html
enum PostgresType {
    static let bool: Oid = 16
    static let bytea: Oid = 17
    static let int8: Oid = 20
    static let int2: Oid = 21
    static let int4: Oid = 23
    static let text: Oid = 25
    static let oid: Oid = 26
    static let float4: Oid = 700
    static let float8: Oid = 701
    static let numeric: Oid = 1700
    static let int8Array: Oid = 1016
    static let textArray: Oid = 1009

    /// 0 leaves the type to the server: NULL goes anywhere.
    static func of(_ value: SQLValue) -> Oid {
        switch value {
        case .null: 0
        case .integer: int8
        case .real: float8
        case .text: text
        case .blob: bytea
        }
    }
}

/// Bound values as they travel: binary, one after the other.
struct PostgresParameters {
    private var bytes: [UInt8] = []
    /// Where each begins; nil for NULL.
    private var starts: [Int?] = []
    private var lengths: [Int32] = []
    let types: [Oid]

    init(_ values: [SQLValue]) {
        types = values.map(PostgresType.of)
        for value in values { append(value) }
        // One byte more, so that an empty value at the end has an address too: none means NULL.
        bytes.append(0)
    }

    /// An array for each column, with an element for each row.
    init(_ rows: [[SQLValue]], _ columns: [GatheredStatement.Column]) {
        types = columns.map { $0 == .integer ? PostgresType.int8Array : PostgresType.textArray }
        for index in columns.indices { appendArray(of: columns[index], rows.lazy.map { $0[index] }) }
        bytes.append(0)
    }

    /// As `array_recv` takes it: dimensions, whether there are NULLs, the elements' type, how many, from which index; then each with
    /// its length, -1 for NULL.
    private mutating func appendArray(
        of column: GatheredStatement.Column, _ values: some Collection<SQLValue>
    ) {
        let start = bytes.count
        append(1)
        append(values.contains(.null) ? 1 : 0)
        append(Int32(column == .integer ? PostgresType.int8 : PostgresType.text))
        append(Int32(values.count))
        append(1)
        for value in values {
            let length = bytes.count
            append(value == .null ? -1 : 0)
            appendBytes(of: value)
            if value != .null { set(Int32(bytes.count - length - 4), at: length) }
        }
        lengths.append(Int32(bytes.count - start))
        starts.append(start)
    }

    private mutating func append(_ number: Int32) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func set(_ number: Int32, at index: Int) {
        withUnsafeBytes(of: number.bigEndian) { bytes.replaceSubrange(index..<index + 4, with: $0) }
    }

    private mutating func append(_ value: SQLValue) {
        let start = bytes.count
        appendBytes(of: value)
        lengths.append(Int32(bytes.count - start))
        starts.append(value == .null ? nil : start)
    }

    private mutating func appendBytes(of value: SQLValue) {
        switch value {
        case .null: break
        case .integer(let integer): append(bits: UInt64(bitPattern: integer))
        case .real(let real): append(bits: real.bitPattern)
        case .text(let text): bytes.append(contentsOf: text.storable.utf8)
        case .blob(let blob): bytes.append(contentsOf: blob)
        }
    }

    private mutating func append(bits: UInt64) {
        withUnsafeBytes(of: bits.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Calls with what `PQexecPrepared` takes: count, values, lengths, formats.
    func withPointers<Result>(
        _ body: (
            Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?
        ) -> Result
    ) -> Result {
        bytes.withUnsafeBytes { buffer in
            let values = starts.map { start in
                start.flatMap { buffer.baseAddress?.advanced(by: $0).assumingMemoryBound(to: CChar.self) }
            }
            let formats = [Int32](repeating: 1, count: values.count)
            return body(Int32(values.count), values, lengths, formats)
        }
    }
}

/// Text results as values: what SQLite would have answered to the same question.
enum PostgresAnswer {
    static func value(_ text: UnsafeBufferPointer<UInt8>, _ type: Oid) throws(PostgresFailure) -> SQLValue {
        let value: SQLValue? =
            switch type {
            case PostgresType.int8, PostgresType.int4, PostgresType.int2, PostgresType.oid:
                integer(text).map(SQLValue.integer)
            case PostgresType.bool: .integer(text.first == UInt8(ascii: "t") ? 1 : 0)
            case PostgresType.float8, PostgresType.float4:
                Double(String(decoding: text, as: UTF8.self)).map(SQLValue.real)
            case PostgresType.bytea: blob(text)
            case PostgresType.numeric: number(text)
            default: .text(String(decoding: text, as: UTF8.self))
            }
        guard let value else {
            throw PostgresFailure(
                message: "an answer of type \(type) cannot be read: \(String(decoding: text, as: UTF8.self))")
        }
        return value
    }

    private static func integer(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        Int64(String(decoding: text, as: UTF8.self))
    }

    /// What `SUM` and `AVG` of integers are: whole numbers stay whole.
    private static func number(_ text: UnsafeBufferPointer<UInt8>) -> SQLValue? {
        let text = String(decoding: text, as: UTF8.self)
        return text.contains(".") ? Double(text).map(SQLValue.real) : Int64(text).map(SQLValue.integer)
    }

    /// `\x0aff`
    private static func blob(_ text: UnsafeBufferPointer<UInt8>) -> SQLValue? {
        guard text.starts(with: Array("\\x".utf8)), text.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2 - 1)
        for index in stride(from: 2, to: text.count, by: 2) {
            guard let high = digit(text[index]), let low = digit(text[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return .blob(bytes)
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case 48...57: character - 48
        case 97...102: character - 87
        default: nil
        }
    }
}
