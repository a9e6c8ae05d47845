import Ledger

/// At rest: the ledger's own verifier finds it sound.
final class LedgerCheck: SimulationCheck {
    func atRest(_ world: SimulationWorld) throws {
        var audit = LedgerAudit(entriesPerRead: 500)
        try world.read { transaction in while !audit.report.isFinished { try audit.advance(transaction) } }
        if let finding = audit.report.findings.first { world.violate("ledgerSound", "\(finding)") }
    }
}
