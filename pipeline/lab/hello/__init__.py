"""The smallest character model: “hell” -> “ello”, with every number in sight."""
