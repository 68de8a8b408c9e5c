"""The verbs. Each is scan -> reconcile -> gate -> execute -> save, and a dry run stops after the gate."""
