"""What may come thousands of times a second is told the first time, and then when ten times as many have come."""


class Seldom:
    def __init__(self) -> None:
        self.count = 0
        self._next = 1

    def is_due(self) -> bool:
        """Count one more; whether it is to be told."""
        self.count += 1
        if self.count < self._next:
            return False
        self._next *= 10
        return True
