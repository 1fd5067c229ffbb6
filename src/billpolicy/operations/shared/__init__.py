"""What several operations share: amounts asked for, memos that mirror, money that is put and taken back."""
