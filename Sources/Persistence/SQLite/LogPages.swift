import Foundation

/// What SQLite's log holds of a database's first page, by reading alone.
///
/// A power cut during a checkpoint may leave anything in the pages it was writing, the first one with the header among them. Nothing is
/// lost by that: the log holds them all, whole and synced, and SQLite reads them there. See
/// https://www.sqlite.org/fileformat2.html#the_write_ahead_log for the format.
struct LogPages {
    private let log: FileHandle
    private let pageSize: Int
    /// The first page as of the last commit that is whole.
    private(set) var firstPage: Data?
    private(set) var hasCommits = false

    private static let headerLength = 32
    private static let frameHeaderLength = 24

    /// - Returns: nil where there is no log that SQLite would read.
    init?(_ path: String) {
        guard let log = FileHandle(forReadingAtPath: path), let header = try? log.read(upToCount: Self.headerLength),
            header.count == Self.headerLength
        else { return nil }
        let magic = Self.number(header, 0)
        guard magic == 0x377f_0682 || magic == 0x377f_0683 else { return nil }
        pageSize = Int(Self.number(header, 8))
        guard (512...65_536).contains(pageSize), pageSize & (pageSize - 1) == 0 else { return nil }
        self.log = log
        var sum = LogSum(isBigEndian: magic & 1 == 1)
        sum.add(header.prefix(24))
        guard sum.isTold(in: header, at: 24) else { return nil }
        read(salts: header[16..<24], sum)
        try? log.close()
    }

    /// Frame after frame while each continues the sum of all before it; what comes after is left of an earlier round, or torn.
    private mutating func read(salts: Data, _ start: LogSum) {
        var sum = start
        var uncommitted: Data?
        while let header = try? log.read(upToCount: Self.frameHeaderLength), header.count == Self.frameHeaderLength,
            let page = try? log.read(upToCount: pageSize), page.count == pageSize
        {
            sum.add(header.prefix(8))
            sum.add(page)
            guard header[8..<16].elementsEqual(salts), sum.isTold(in: header, at: 16) else { return }
            if Self.number(header, 0) == 1 { uncommitted = page }
            let isCommit = Self.number(header, 4) > 0
            if isCommit { (firstPage, hasCommits) = (uncommitted ?? firstPage, true) }
        }
    }

    fileprivate static func number(_ bytes: Data, _ offset: Int) -> UInt32 {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// The running checksum of a log.
private struct LogSum {
    let isBigEndian: Bool
    private var (first, second): (UInt32, UInt32) = (0, 0)

    init(isBigEndian: Bool) { self.isBigEndian = isBigEndian }

    /// - Parameter bytes: a multiple of eight.
    mutating func add(_ bytes: Data) {
        bytes.withUnsafeBytes { words in
            for offset in stride(from: 0, to: words.count - 7, by: 8) {
                first &+= word(words, offset) &+ second
                second &+= word(words, offset + 4) &+ first
            }
        }
    }

    private func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
        let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
    }

    func isTold(in header: Data, at offset: Int) -> Bool {
        LogPages.number(header, offset) == first && LogPages.number(header, offset + 4) == second
    }
}
