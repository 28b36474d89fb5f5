"""What owners of accounts are mailed when phones come, move or go. No mail names a phone or a person (security T-51)."""

from cloud.accounts import Mail


def phone_added_mail() -> Mail:
    """Return the mail to the owner of an account that a further phone was registered under (S-ADD-13, A-05)."""
    return Mail(
        "【スマートHEMSサービス】スマートフォンが追加されました / A phone was added",
        "お使いのCLUB Panasonic IDに、スマートフォンが新しく登録されました。\n"
        "お心当たりのない場合は、アプリの登録ユーザー一覧からその登録を削除し、パスワードを変更してください。\n"
        "A further phone was registered under your CLUB Panasonic ID.\n"
        "If this was not you, remove it from the list of users in the app and change your password.\n",
    )


def phone_moved_mail() -> Mail:
    """Return the mail to the owner of an account one of whose phones gave its place to another (A-09, A-11)."""
    return Mail(
        "【スマートHEMSサービス】スマートフォンが変更されました / A phone was changed",
        "お使いのCLUB Panasonic IDで、スマートフォンの機種変更が行われました。"
        "機種変更前のスマートフォンでは、アプリをご利用いただけません。\n"
        "お心当たりのない場合は、パスワードを変更してください。\n"
        "One of the phones of your CLUB Panasonic ID gave its place to another phone; it cannot use the app any more.\n"
        "If this was not you, change your password.\n",
    )


def phone_removed_mail() -> Mail:
    """Return the mail to the owner of an account one of whose phones was removed (S-BIND-16)."""
    return Mail(
        "【スマートHEMSサービス】スマートフォンの登録が削除されました / A phone was removed",
        "お使いのCLUB Panasonic IDのスマートフォンの登録が、AiSEGの登録ユーザー一覧から削除されました。\n"
        "お心当たりのない場合は、ご家族にご確認ください。\n"
        "A phone of your CLUB Panasonic ID was removed from the users of your AiSEG.\n"
        "If this was not you, ask the others in your house.\n",
    )
