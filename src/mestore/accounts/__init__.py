"""Accounts: users, their sessions, and what they agreed to.

Owns the tables users, user_profiles, user_permissions, user_activities, api_keys, sessions,
refresh_tokens, sign_in_failures, consents, one_time_codes, link_tokens, send_allowances,
mfa_devices, mfa_backup_codes, pending_sign_ins, passkeys, passkey_challenges,
external_identities, external_sign_ins.
Publishes CodeRequested, MfaDisabled, MfaEnabled, PasswordChanged, PasswordResetRequested,
SignedIn, UserActivated, UserErased, UserInvited, UserRegistered, UserSuspended.
Listens to nothing.
"""
