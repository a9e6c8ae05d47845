public import TradingCore

/// Market events in the binary format MME1: a header and fixed records, plain or gzip, several files in a row. Sequence
/// numbers start at 1 in each file, times never decrease, and a snapshot replaces the book: a ``MarketRecord/Kind/reset``
/// is put in front of each.
public final class MMERecording: MarketSource {
    public private(set) var eventCount = 0
    private var input: InputSequence
    private var header: MMEHeader?
    /// Records read of the current file.
    private var recordNumber = 0
    private var lastTime = Timestamp.distantPast
    private var isInMessage = false
    private var isInSnapshot = false
    private var failure: FeedError?
    private let unit: BookUnit

    /// - Parameter unit: what the instrument's ticks and lots count; files of another unit are an error.
    /// - Throws: when a file cannot be opened.
    public init(paths: [String], unit: BookUnit) throws(FeedError) {
        input = try InputSequence(paths: paths)
        self.unit = unit
    }

    /// The header of a file, for its tick and lot before anything is read.
    public static func header(path: String) throws(FeedError) -> MMEHeader {
        let file = try InputFile(path: path)
        let buffer = InputBuffer(file, capacity: 4_096)
        do throws(InputFile.Failure) {
            while buffer.available.count < MMEHeader.size, try buffer.fill() {}
        } catch {
            throw FeedError(file: path, place: .header, expected: error.expected, found: error.found)
        }
        return try MMEHeader(buffer.available, file: path)
    }

    public var progress: Double { input.progress }

    /// Files read so far whose end a crash cut off.
    public var cutFiles: [String] { input.cutFiles }

    /// Reads on.
    /// - Throws: ``FeedError`` naming the record; the records before it are appended. Every later call throws the same.
    public func read(into records: inout [MarketRecord]) throws(FeedError) -> Bool {
        if let failure { throw failure }
        do throws(FeedError) {
            let start = records.count
            while records.count - start < recordsPerRead || isInMessage {
                if let buffer = input.buffer, let header {
                    if try hasRecord(buffer, header) {
                        try take(buffer, upTo: start + recordsPerRead, header, into: &records)
                        continue
                    }
                }
                guard try openNext() else { return records.count > start }
            }
            return true
        } catch {
            failure = error
            throw error
        }
    }

    // MARK: - Files

    private func openNext() throws(FeedError) -> Bool {
        guard input.advance(), let buffer = input.buffer else { return false }
        recordNumber = 0
        do throws(InputFile.Failure) {
            while buffer.available.count < MMEHeader.size, try buffer.fill() {}
        } catch {
            throw FeedError(file: input.path, place: .header, expected: error.expected, found: error.found)
        }
        let header = try MMEHeader(buffer.available, file: input.path)
        guard header.unit == unit else {
            throw FeedError(
                file: input.path, place: .header, expected: "tick \(unit.price) and lot \(unit.quantity)",
                found: "\(header.unit.price) and \(header.unit.quantity)")
        }
        if let file = input.file, !file.isCompressed, file.size > 0, let recordCount = header.recordCount {
            let size = MMEHeader.size + recordCount * MMERecord.size
            guard file.size == size else {
                throw FeedError(
                    file: input.path, place: .header, expected: "\(size) bytes for \(recordCount) records",
                    found: "a file of \(file.size)")
            }
        }
        buffer.take(MMEHeader.size)
        self.header = header
        return true
    }

    /// Whether the file has another record, wholly at hand then.
    private func hasRecord(_ buffer: InputBuffer, _ header: MMEHeader) throws(FeedError) -> Bool {
        do throws(InputFile.Failure) {
            while buffer.available.count < MMERecord.size, try buffer.fill() {}
        } catch {
            throw problem(record: recordNumber + 1, error.expected, error.found)
        }
        let count = buffer.available.count
        if recordNumber == header.recordCount || (header.recordCount == nil && count == 0) {
            guard count == 0 else {
                throw problem(
                    record: recordNumber + 1, "the end of the file after \(recordNumber) records", "more bytes")
            }
            guard !isInMessage else {
                throw problem(record: recordNumber, "the last record of its message", "one that is not")
            }
            return false
        }
        guard count >= MMERecord.size else {
            throw problem(
                record: recordNumber + 1, "\(header.recordCount.map { "\($0) " } ?? "")records of 40 bytes",
                "\(count) bytes of this one")
        }
        return true
    }

    // MARK: - Records

    /// Takes whole records as far as they are at hand, until `limit` and then the end of the message.
    private func take(
        _ buffer: InputBuffer, upTo limit: Int, _ header: MMEHeader, into records: inout [MarketRecord]
    ) throws(FeedError) {
        let bytes = buffer.available
        var offset = 0
        let left = header.recordCount.map { $0 - recordNumber } ?? .max
        let end = min(bytes.count / MMERecord.size, left) * MMERecord.size
        defer { buffer.take(offset) }
        while offset < end, records.count < limit || isInMessage {
            let record = MMERecord(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + MMERecord.size]))
            recordNumber += 1
            try check(record)
            lastTime = Timestamp(nanoseconds: Int64(record.time))
            append(record, to: &records)
            isInMessage = record.last == 0
            eventCount += 1
            offset += MMERecord.size
        }
    }

    private func check(_ record: MMERecord) throws(FeedError) {
        if let (expected, found) = record.problem { throw problem(record: recordNumber, expected, found) }
        guard record.sequence == UInt64(recordNumber) else {
            throw problem(record: recordNumber, "sequence number \(recordNumber)", "\(record.sequence)")
        }
        guard Int64(record.time) >= lastTime.nanoseconds else {
            throw problem(record: recordNumber, "a time not before \(lastTime.nanoseconds) ns", "\(record.time) ns")
        }
        let silence = Timestamp(nanoseconds: Int64(record.time)).nanoseconds(since: lastTime)
        guard lastTime == .distantPast || silence <= longestSilence else {
            throw problem(record: recordNumber, "a time within 31 days of the record before", "\(record.time) ns")
        }
        if eventCount == 0, record.kind != 3 {
            throw problem(record: recordNumber, "a snapshot (kind 3) first", "kind \(record.kind)")
        }
    }

    private func append(_ record: MMERecord, to records: inout [MarketRecord]) {
        if record.kind == 4 {
            isInSnapshot = false
            records.append(MarketRecord(time: lastTime, bare: .gap, isLast: record.last == 1))
            return
        }
        let kind: MarketRecord.Kind = record.kind == 1 ? .level : (record.kind == 2 ? .trade : .snapshot)
        if !isInMessage { isInSnapshot = false }
        if kind == .snapshot, !isInSnapshot {
            isInSnapshot = true
            records.append(MarketRecord(time: lastTime, bare: .reset, isLast: false))
        }
        records.append(
            MarketRecord(
                time: lastTime, kind: kind, side: record.side == 1 ? .buy : .sell, price: Price(ticks: record.ticks),
                quantity: Quantity(lots: record.lots), isLast: record.last == 1))
    }

    private func problem(record: Int, _ expected: String, _ found: String) -> FeedError {
        FeedError(file: input.path, place: .record(record), expected: expected, found: found)
    }
}
