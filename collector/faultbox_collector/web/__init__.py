"""HTTP for devices: auth, intake, receipts, time, health."""
